import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire
import NocturneWorker
import Testing

@Suite struct WorkerTests {
  @Test func workerWithoutCoordinatorGivesUp() throws {
    let night = Night(items: [])
    let hand = night.work(options: { $0.policy.connectSeconds = 0.1 })
    guard case .unreachable = try hand.exit() else {
      Issue.record("another exit")
      return
    }
    #expect(try hand.exit().status == 69)
  }

  @Test func twoWorkersDoNotShareAnOutbox() throws {
    let night = Night(items: [])
    let outbox = try OutboxDirectory(night.outbox("one"))
    let error = try #require(throws: OutboxError.self) { try OutboxDirectory(night.outbox("one")) }
    #expect(error.code == .locked)
    #expect(error.exitStatus == 73)
    withExtendedLifetime(outbox) {}
  }

  @Test func outboxThatCannotBeMadeIsReported() throws {
    let error = try #require(throws: OutboxError.self) { try OutboxDirectory("/proc/nowhere/outbox") }
    #expect(error.code == .unwritable)
  }

  private func arrival(_ number: Int, in outbox: OutboxDirectory, run: String = "run-1") throws
    -> OutboxDirectory.Arrival
  {
    let item = makeItems(number + 1)[number]
    guard case .success(let artifact) = FakeRenderer().artifact(item, URL(fileURLWithPath: outbox.scratch)) else {
      throw CocoaError(.fileWriteUnknown)
    }
    return OutboxDirectory.Arrival(
      run: run,
      receipt: Receipt(
        lease: Lease(item: item.key, attempt: 1, token: UInt64(number)), fileName: item.fileName,
        facts: artifact.facts, modelFingerprint: "m", numericClass: "c", worker: WorkerID("w")),
      file: artifact.file.path)
  }

  @Test func outboxGivesBackWhatAnEarlierProcessLeft() throws {
    let scratch = Scratch()
    var arrivals: [OutboxDirectory.Arrival] = []
    do {
      let outbox = try OutboxDirectory(scratch.path + "/outbox")
      arrivals = try (0..<3).map { try arrival($0, in: outbox, run: $0 == 2 ? "../evil run" : "run-1") }
      #expect(outbox.store(arrivals) == [nil, nil, nil])
    }
    let outbox = try OutboxDirectory(scratch.path + "/outbox")
    let entries = try outbox.load()
    #expect(Set(entries.map(\.receipt)) == Set(arrivals.map(\.receipt)))
    #expect(entries.filter { $0.run == "run-1" }.count == 2)
    #expect(!FileManager.default.fileExists(atPath: scratch.path + "/evil run"))
    let first = arrivals[0].receipt
    #expect(try outbox.read(first.lease, at: 0, length: 1000)?.count == 100)
    #expect(try outbox.read(first.lease, at: 90, length: 1000)?.count == 10)
    outbox.discard([first.lease])
    #expect(try outbox.read(first.lease, at: 0, length: 1) == nil)
    #expect(try outbox.load().count == 2)
  }

  @Test(arguments: ["artifact torn", "artifact flipped", "artifact gone", "receipt torn"])
  func whatIsNotWholeIsForgotten(_ damage: String) throws {
    let scratch = Scratch()
    let folder = scratch.path + "/outbox/run-1"
    do {
      let outbox = try OutboxDirectory(scratch.path + "/outbox")
      #expect(outbox.store([try arrival(0, in: outbox)]) == [nil])
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    let artifact = folder + "/" + (try #require(names.first { $0.hasSuffix(".artifact") }))
    let receipt = folder + "/receipts.jsonl"
    var data = try #require(FileManager.default.contents(atPath: damage == "receipt torn" ? receipt : artifact))
    switch damage {
    case "artifact torn": try data.prefix(50).write(to: URL(fileURLWithPath: artifact))
    case "artifact flipped":
      data[9] ^= 1
      try data.write(to: URL(fileURLWithPath: artifact))
    case "artifact gone": try FileManager.default.removeItem(atPath: artifact)
    default: try data.prefix(50).write(to: URL(fileURLWithPath: receipt))
    }
    let outbox = try OutboxDirectory(scratch.path + "/outbox")
    #expect(try outbox.load().isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["receipts.jsonl"])
    #expect(scratch.text(receipt).isEmpty)
  }

  @Test func workerNamesAreFitForTheWireAndDiffer() {
    let names = (0..<50).map { _ in WorkerID.fresh().name }
    #expect(Set(names).count == 50)
    #expect(names.allSatisfy { isWorkerName($0.utf8) })
  }
}
