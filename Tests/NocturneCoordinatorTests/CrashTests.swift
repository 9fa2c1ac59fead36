import Foundation
import GRDB
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire
import NocturneWorker
import Synchronization
import Testing

@Suite struct CrashTests {
  struct Crash: Error {}

  /// Throws at the n-th passage of one point.
  private func crash(at point: FaultPoint, passage: Int) -> @Sendable (FaultPoint) throws -> Void {
    let passages = Counter()
    return { passed in
      if passed == point, passages.next() == passage { throw Crash() }
    }
  }

  /// The coordinator dies between two durability steps; its workers live on, and find the next one.
  @Test(arguments: FaultPoint.allCases)
  func coordinatorDiesAndNothingIsLostOrDoubled(_ point: FaultPoint) throws {
    let night = Night(items: makeItems(24))
    // Patient, so that a slow disk between two lives does not make a lease run out: nothing here waits for it.
    var policy = Night.policy
    policy.liveness.timeoutHeartbeats = 200
    policy.liveness.graceSeconds = 10
    policy.liveness.partingSeconds = 30
    let renderers = (0..<2).map { _ in FakeRenderer(secondsPerItem: 0.002, gate: { night.awaitWorkers(2) }) }
    let hands = renderers.enumerated().map { night.work("\($0)", renderer: $1) { $0.policy.orphanSeconds = 60 } }
    for passage in 1...2 {
      let shift = night.coordinate(policy: policy, fault: crash(at: point, passage: passage))
      #expect(throws: Crash.self) { try shift.verdict() }
    }
    let last = night.coordinate(policy: policy)
    #expect(try last.verdict() == Verdict(outcome: .complete, counts: ItemCounts(done: 24)))
    // Also a worker that was not back when the last item was done is told.
    for hand in hands { #expect(try hand.exit() == .finished) }
    try night.expectComplete()
    // The results were in the outboxes: nothing had to be rendered again.
    #expect(renderers.map(\.log.rendered.count).reduce(0, +) == 24)
  }

  /// Coordinator and worker both die; the worker's successor delivers what the outbox holds.
  @Test func outboxOfADeadWorkerIsDeliveredByItsSuccessor() throws {
    let night = Night(items: makeItems(8))
    let first = night.coordinate(fault: crash(at: .beforeCommit, passage: 1))
    let doomed = FakeRenderer()
    let hand = night.work(renderer: doomed)
    #expect(throws: Crash.self) { try first.verdict() }
    // Twice: leave now, whatever is in the outbox.
    hand.stop.request()
    hand.stop.request()
    #expect(try hand.exit() == .stopped)
    let kept = try night.kept("one").count
    #expect(kept > 0)

    let successor = FakeRenderer()
    let second = night.coordinate()
    let heir = night.work(renderer: successor)
    #expect(try second.verdict().counts.done == 8)
    #expect(try heir.exit() == .finished)
    #expect(kept + successor.log.rendered.count == 8)
    try night.expectComplete()
  }

  @Test func fullDiskAtACommitPausesTheRunAndCostsNothing() throws {
    let night = Night(items: makeItems(10))
    let failures = Counter()
    let shift = night.coordinate(fault: { point in
      if point == .beforeCommit, failures.next() <= 2 { throw FileFault("write", "journal", number: ENOSPC) }
    })
    let renderer = FakeRenderer()
    _ = night.work(renderer: renderer)
    #expect(try shift.verdict().counts.done == 10)
    let refusals = shift.events.filter { if case .storageRefused = $0 { true } else { false } }
    #expect(refusals.count == 2)
    #expect(renderer.log.rendered.count == 10)
    try night.expectComplete()
  }

  @Test func aRunWhoseDiskRefusesCommitsIsStoppedWhenAsked() throws {
    let night = Night(items: makeItems(4))
    let shift = night.coordinate(fault: { point in
      if point == .beforeCommit { throw FileFault("write", "journal", number: ENOSPC) }
    })
    let hand = night.work()
    try shift.wait { if case .storageRefused = $0 { true } else { false } }
    shift.stop.request()
    #expect(try shift.verdict().outcome == .stopped)
    let next = night.coordinate()
    #expect(try next.verdict() == Verdict(outcome: .complete, counts: ItemCounts(done: 4)))
    _ = try hand.exit()
    try night.expectComplete()
  }

  @Test func directoryThatRefusesArtifactsPausesTheRunAndCostsNothing() throws {
    let night = Night(items: makeItems(10))
    let partial = night.scratch.run.partial
    let results = Counter()
    // On the coordinator's thread, so nothing races.
    let shift = night.coordinate(observer: { event in
      switch event {
      case .itemDone where results.next() == 1: try? FileManager.default.removeItem(atPath: partial)
      case .notice(.runPaused):
        try? FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
      default: break
      }
    })
    let renderer = FakeRenderer()
    _ = night.work(renderer: renderer)
    #expect(try shift.verdict().counts.done == 10)
    #expect(shift.notices.contains { if case .runPaused = $0 { true } else { false } })
    #expect(renderer.log.rendered.count == 10)
    try night.expectComplete()
  }

  @Test func artifactTakenFromTheOutboxIsRenderedAgain() throws {
    let night = Night(items: makeItems(4))
    let renderer = FakeRenderer()
    let hand = night.work(renderer: renderer)
    let first = night.coordinate(fault: crash(at: .beforeCommit, passage: 1))
    #expect(throws: Crash.self) { try first.verdict() }
    for name in try FileManager.default.contentsOfDirectory(atPath: night.outbox("one"))
    where name.hasSuffix(".segment") {
      #expect(truncate(night.outbox("one") + "/" + name, 0) == 0)
    }
    let second = night.coordinate()
    #expect(try second.verdict().counts.done == 4)
    #expect(try hand.exit() == .finished)
    #expect(renderer.log.rendered.count > 4)
    try night.expectComplete()
  }

  @Test func tornMetadataTailIsMended() throws {
    let night = try finishedNight(6)
    let path = night.scratch.run.metadata
    let whole = night.scratch.text(path)
    // Cut in the middle of the last line, as a power cut would.
    try String(whole.dropLast(37)).write(toFile: path, atomically: true, encoding: .utf8)
    _ = try night.coordinate().verdict()
    #expect(night.scratch.text(path) == whole)
  }

  @Test(arguments: ["lines lost", "line twice", "line in the middle lost", "stranger", "file lost"])
  func metadataIsMadeToMatchTheJournal(_ damage: String) throws {
    let night = try finishedNight(6)
    let path = night.scratch.run.metadata
    let whole = night.scratch.text(path)
    var lines = night.scratch.lines(path).map(String.init)
    switch damage {
    case "lines lost": lines.removeLast(3)
    case "line twice": lines.insert(lines[2], at: 2)
    case "line in the middle lost": lines.remove(at: 1)
    case "stranger": lines.append("{\"file_name\":\"audio/stranger.flac\"}")
    default: lines = []
    }
    let damaged = lines.map { $0 + "\n" }.joined()
    try damaged.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try !RunVerifier(directory: night.scratch.run).verify().isClean)
    // Whoever has it open reads on in what was there.
    let reader = night.scratch.path + "/reader"
    try FileManager.default.linkItem(atPath: path, toPath: reader)
    _ = try night.coordinate().verdict()
    #expect(night.scratch.text(path) == whole)
    #expect(whole.hasPrefix(damaged) || night.scratch.text(reader) == damaged, "replaced at once, not written over")
  }

  @Test func aLineOfAnItemThatIsNotDoneIsFoundAndTakenOut() throws {
    let night = try finishedNight(3)
    let path = night.scratch.run.metadata
    let whole = night.scratch.text(path)
    let line = try #require(night.scratch.lines(path).first { $0.contains("\"row2\"") })
    let forged = line.replacingOccurrences(of: "row2", with: "row9")
    try (whole + forged + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    let findings = try RunVerifier(directory: night.scratch.run).verify().findings
    #expect(findings.contains { $0.description.contains("row9") && $0.description.contains("is not done") })
    _ = try night.coordinate().verdict()
    #expect(night.scratch.text(path) == whole)
  }

  @Test func missingAudioIsRenderedAgain() throws {
    let night = try finishedNight(6)
    let run = night.scratch.run
    try FileManager.default.removeItem(atPath: run.audioFile("row2.flac"))
    try Data("short".utf8).write(to: URL(fileURLWithPath: run.audioFile("row4.flac")))
    let shift = night.coordinate()
    try shift.waitForTheStart()
    // Should nobody render it again, it is not there: `audio` has finished, verified files alone.
    #expect(!FileManager.default.fileExists(atPath: run.audioFile("row4.flac")))
    let renderer = FakeRenderer()
    _ = night.work(renderer: renderer)
    #expect(try shift.verdict().counts.done == 6)
    #expect(Set(renderer.log.rendered.map(\.row)) == ["row2", "row4"])
    try night.expectComplete()
  }

  @Test func damagedAudioIsFoundByVerifyAndRepaired() throws {
    let night = try finishedNight(6)
    let run = night.scratch.run
    var data = try #require(FileManager.default.contents(atPath: run.audioFile("row2.flac")))
    data[50] ^= 1
    try data.write(to: URL(fileURLWithPath: run.audioFile("row2.flac")))
    try Data("x".utf8).write(to: URL(fileURLWithPath: run.audioFile("leftover.flac")))

    let report = try RunVerifier(directory: run).verify(repair: true)
    #expect(Set(report.findings.map(\.code)) == [.wrongDigest, .extraFile])
    #expect(report.reopened == [ItemKey(row: "row2", take: 1)])
    #expect(!FileManager.default.fileExists(atPath: run.audioFile("row2.flac")))
    try FileManager.default.removeItem(atPath: run.audioFile("leftover.flac"))

    let shift = night.coordinate()
    let renderer = FakeRenderer()
    _ = night.work(renderer: renderer)
    _ = try shift.verdict()
    #expect(renderer.log.rendered.map(\.row) == ["row2"])
    try night.expectComplete()
  }

  /// A journal that cannot be looked at may be sound, and knows what no file of the run does.
  @Test func aJournalThatSomebodyElseHasOpenIsNotMadeAnew() throws {
    let night = try finishedNight(2)
    var configuration = Configuration()
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
    let holder = try DatabaseQueue(path: night.scratch.run.journal, configuration: configuration)
    try holder.writeWithoutTransaction { database in
      try database.execute(sql: "BEGIN EXCLUSIVE")
      let error = #expect(throws: RunError.self) { try RunVerifier(directory: night.scratch.run).verify(repair: true) }
      #expect(error?.code == .locked && error?.exitStatus == 73, "\(error as Any)")
      try database.execute(sql: "ROLLBACK")
    }
    try holder.close()
    #expect(try Directory.names(in: night.scratch.run.state).allSatisfy { !$0.contains("damaged") })
    #expect(try RunVerifier(directory: night.scratch.run).verify().isClean)
  }

  @Test func aJournalOfAnotherVersionIsNotMadeAnew() throws {
    let night = try finishedNight(2)
    let journal = try DatabaseQueue(path: night.scratch.run.journal)
    try journal.write { try $0.execute(sql: "DELETE FROM grdb_migrations") }
    try journal.close()
    let error = #expect(throws: RunError.self) { try RunVerifier(directory: night.scratch.run).verify(repair: true) }
    #expect(error?.code == .otherVersion && error?.exitStatus == 65, "\(error as Any)")
    #expect(try Directory.names(in: night.scratch.run.state).allSatisfy { !$0.contains("damaged") })
  }

  /// What a disk or a right refuses to read may be whole.
  @Test func audioThatCannotBeReadIsNoReasonToDeleteIt() throws {
    let night = try finishedNight(3)
    let run = night.scratch.run
    let verifier = RunVerifier(
      directory: run,
      inspector: { file, _, _ in
        if file.lastPathComponent == "row1.flac" { throw FileFault("read", file.path, number: EIO) }
        return AudioFacts(
          sampleRate: 24_000, channels: 1, frames: 24_000, sha256: "", bytes: 0, peakDBFS: 0, rmsDBFS: 0,
          integratedLUFS: nil)
      })
    let report = try verifier.verify(repair: true)
    #expect(report.findings.map(\.code) == [.unreadableFile] && report.reopened.isEmpty)
    #expect(FileManager.default.fileExists(atPath: run.audioFile("row1.flac")))
    try night.expectComplete()
  }

  /// Killed between its steps, a repair begins again; it never leaves an empty journal in the place of the old one.
  @Test func aRepairThatWasKilledIsRepeated() throws {
    let night = try finishedNight(4)
    let run = night.scratch.run
    // What one leaves that came no further than its draft.
    try Data("half".utf8).write(to: URL(fileURLWithPath: run.journal + ".new"))
    try Data("half".utf8).write(to: URL(fileURLWithPath: run.journal + ".new-wal"))
    try Data("no journal".utf8).write(to: URL(fileURLWithPath: run.journal))
    #expect(try RunVerifier(directory: run).verify(repair: true).findings.map(\.code) == [.damagedJournal])
    let state = try FileManager.default.contentsOfDirectory(atPath: run.state)
    #expect(!state.contains { $0.contains(".sqlite.new") }, "\(state)")
    #expect(try night.coordinate().verdict() == Verdict(outcome: .complete, counts: ItemCounts(done: 4)))
    try night.expectComplete()
  }

  @Test func audioThatTheJournalDoesNotKnowIsReplaced() throws {
    let night = Night(items: makeItems(3))
    try night.scratch.run.prepare()
    _ = try SQLiteJournal(night.scratch.run.journal)
    try Data("half a file".utf8).write(to: URL(fileURLWithPath: night.scratch.run.audioFile("row1.flac")))
    try Data("orphan".utf8).write(to: URL(fileURLWithPath: night.scratch.run.partial + "/7.part"))
    let shift = night.coordinate()
    _ = night.work()
    _ = try shift.verdict()
    try night.expectComplete()
  }

  private func finishedNight(_ count: Int) throws -> Night {
    let night = Night(items: makeItems(count, extra: ["youtube": "yes", "caption": "theirs"]))
    let shift = night.coordinate()
    let hand = night.work()
    _ = try shift.verdict()
    _ = try hand.exit()
    return night
  }
}

final class Counter: Sendable {
  private let count = Mutex(0)
  func next() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }
  var value: Int { count.withLock { $0 } }
}
