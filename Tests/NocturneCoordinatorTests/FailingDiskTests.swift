import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire
import NocturneWorker
import Testing

/// A disk that refuses now and then: the run waits, tries again by itself, and nobody pays for it.
@Suite struct FailingDiskTests {
  /// What the disk refuses: the step behind each fault point.
  @Test(
    arguments: [FaultPoint.partialWritten, .partialSynced, .verified, .renamed], [EIO, ENOSPC, EROFS])
  func aStepThatTheDiskRefusesIsAShortageAndNothingIsLost(_ point: FaultPoint, _ number: Int32) throws {
    let night = Night(items: makeItems(12))
    let refusals = Counter()
    // Patient, so that a slow machine does not make a lease run out: nothing here waits for it.
    var policy = Night.policy
    policy.liveness.timeoutHeartbeats = 200
    policy.liveness.graceSeconds = 10
    let shift = night.coordinate(
      policy: policy,
      fault: { passed in
        if passed == point, refusals.next() <= 3 { throw FileFault("\(point)", "disk", number: number) }
      })
    let renderer = FakeRenderer()
    let hand = night.work(renderer: renderer)
    #expect(try shift.verdict().counts == ItemCounts(done: 12))
    #expect(try hand.exit() == .finished)
    try night.expectComplete()
    #expect(renderer.log.rendered.count == 12)
    let pauses = shift.notices.compactMap { if case .runPaused(_, let message) = $0 { message } else { nil } }
    #expect(pauses.count >= 1 && pauses.allSatisfy { $0.contains(String(cString: strerror(number))) })
    #expect(!shift.notices.contains { if case .itemRetries = $0 { true } else { false } })
  }

  /// The system would not open the file to look at it: that says nothing of the item, or of who rendered it.
  @Test func anArtifactThatCannotBeLookedAtIsAShortage() throws {
    let night = Night(items: makeItems(4))
    let refusals = Counter()
    let shift = night.coordinate(inspector: { file, _, _ in
      if refusals.next() <= 2 { throw FileFault("open", file.path, number: EMFILE) }
      return AudioFacts(
        sampleRate: 24_000, channels: 1, frames: 24_000, sha256: "", bytes: 0, peakDBFS: 0, rmsDBFS: 0,
        integratedLUFS: nil)
    })
    let renderer = FakeRenderer()
    let hand = night.work(renderer: renderer)
    #expect(try shift.verdict().counts == ItemCounts(done: 4))
    #expect(try hand.exit() == .finished)
    #expect(renderer.log.rendered.count == 4, "nothing was rendered again")
    #expect(shift.notices.contains { if case .runPaused = $0 { true } else { false } })
  }

  @Test func aNameThatTheDiskRefusesCostsItsItemAlone() throws {
    let night = Night(items: makeItems(5))
    var policy = Night.policy
    policy.retry.limit = 2
    let inTheWay = night.scratch.run.audioFile("row3.flac")
    let shift = night.coordinate(
      policy: policy,
      observer: { event in
        guard case .started = event else { return }
        try? FileManager.default.createDirectory(atPath: inTheWay + "/x", withIntermediateDirectories: true)
      })
    let hand = night.work()
    #expect(try shift.verdict().counts == ItemCounts(done: 4, dead: 1))
    #expect(try hand.exit() == .finished)
    #expect(!shift.notices.contains { if case .runPaused = $0 { true } else { false } })
    #expect(night.scratch.text(night.scratch.run.errors).contains("row3.flac"))
  }

  /// Workers hear that the night is over, and what it rendered is in the books, whatever becomes of run.json.
  @Test func workersAreDismissedThoughTheVerdictCannotBeWritten() throws {
    let night = Night(items: makeItems(3))
    let draft = night.scratch.run.document + ".new"
    let shift = night.coordinate(observer: { event in
      guard case .closing = event else { return }
      try? FileManager.default.createDirectory(atPath: draft + "/x", withIntermediateDirectories: true)
    })
    let hand = night.work(options: { $0.policy.orphanSeconds = 60 })
    #expect(throws: FileFault.self) { try shift.verdict() }
    #expect(try hand.exit() == .finished)
    try FileManager.default.removeItem(atPath: draft)
    #expect(try night.coordinate().verdict() == Verdict(outcome: .complete, counts: ItemCounts(done: 3)))
    try night.expectComplete()
  }

  @Test func aTornTailOfTheJournalCostsWhatItHeldAndNoMore() throws {
    let night = Night(items: makeItems(6))
    let shift = night.coordinate()
    let hand = night.work()
    #expect(try shift.verdict().counts.done == 6)
    #expect(try hand.exit() == .finished)
    // The last commits as a power cut leaves them: half a page of the write-ahead log.
    let path = night.scratch.run.journal
    try Self.tearTail(of: path)
    // Nothing accepted was lost: the run is over at once, without a worker.
    #expect(try night.coordinate().verdict().counts == ItemCounts(done: 6))
    try night.expectComplete()
  }

  /// Commits something, and leaves the files as they stood then, the log cut within that commit.
  private static func tearTail(of path: String) throws {
    let (main, log) = try {
      let journal = try SQLiteJournal(path)
      try journal.commit(
        (0..<40).map {
          Transition(
            item: ItemKey(row: "row\($0 % 6)", take: 1), attempt: 1, change: .reopened(reason: "never committed whole"))
        })
      return try withExtendedLifetime(journal) {
        (try Data(contentsOf: URL(filePath: path)), try Data(contentsOf: URL(filePath: path + "-wal")))
      }
    }()
    try main.write(to: URL(filePath: path))
    try log.dropLast(log.count / 4).write(to: URL(filePath: path + "-wal"))
    try? FileManager.default.removeItem(atPath: path + "-shm")
  }
}
