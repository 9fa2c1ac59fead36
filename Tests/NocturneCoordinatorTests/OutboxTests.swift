import Foundation
import Glibc
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire
import NocturneWorker
import Testing

@Suite struct OutboxTests {
  private func arrival(_ number: Int, bytes: Int = 100, run: String = "run-1") -> OutboxDirectory.Arrival {
    let item = makeItems(number + 1)[number]
    let artifact = FakeRenderer(bytes: bytes).artifact(item)
    return OutboxDirectory.Arrival(
      run: run,
      receipt: Receipt(
        lease: Lease(item: item.key, attempt: 1, token: UInt64(number)), fileName: item.fileName,
        facts: artifact.facts, modelFingerprint: "m", numericClass: "c", worker: WorkerID("w"),
        stageSeconds: ["lm": 0.5], notes: ["caption truncated"]),
      contents: artifact.contents)
  }

  private func open(_ scratch: Scratch) throws -> OutboxDirectory { try OutboxDirectory(scratch.path + "/outbox") }

  private func segments(_ scratch: Scratch) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/outbox").filter { $0.hasSuffix(".segment") }
  }

  /// Everything that the outbox says is there, is there.
  private func expectWhole(_ outbox: OutboxDirectory, _ entries: [OutboxEntry], of arrivals: [OutboxDirectory.Arrival])
    throws
  {
    for entry in entries {
      let arrival = try #require(arrivals.first { $0.receipt == entry.receipt })
      #expect(entry.run == arrival.run)
      #expect(try outbox.read(entry.receipt.lease, at: 0, length: 1 << 20) == arrival.contents)
    }
  }

  @Test func outboxGivesBackWhatAnEarlierProcessLeft() throws {
    let scratch = Scratch()
    let arrivals = (0..<4).map { arrival($0, bytes: 100 + $0, run: $0 == 2 ? "../evil run" : "run-1") }
    do {
      let outbox = try open(scratch)
      #expect(outbox.store(Array(arrivals.prefix(3))) == [nil, nil, nil])
    }
    do {
      let outbox = try open(scratch)
      #expect(try outbox.load().map(\.receipt) == arrivals.prefix(3).map(\.receipt))
      #expect(outbox.store([arrivals[3]]) == [nil])
    }
    let outbox = try open(scratch)
    let entries = try outbox.load()
    #expect(entries.map(\.receipt) == arrivals.map(\.receipt))
    try expectWhole(outbox, entries, of: arrivals)
    let first = arrivals[0].receipt.lease
    #expect(try outbox.read(first, at: 90, length: 1000)?.count == 10)
    #expect(try outbox.read(first, at: 101, length: 1) == nil)
    outbox.discard([first])
    #expect(try outbox.read(first, at: 0, length: 1) == nil)
  }

  @Test func acknowledgedResultsLeaveNothingBehind() throws {
    let scratch = Scratch()
    let arrivals = (0..<40).map { arrival($0, bytes: 10_000) }
    let outbox = try open(scratch)
    for arrival in arrivals { #expect(outbox.store([arrival]) == [nil]) }
    #expect(try segments(scratch).count == 6)
    outbox.discard(arrivals.dropFirst().map(\.receipt.lease))
    // The first still is waited for; the last segment has room left.
    #expect(try segments(scratch).sorted() == ["1.segment", "6.segment"])
    outbox.close()
    #expect(try segments(scratch) == ["1.segment"])
    outbox.discard([arrivals[0].receipt.lease])
    #expect(try segments(scratch).isEmpty)
  }

  /// What is appended by a process that is killed is there up to some byte.
  @Test func tornTailCostsTheLastResultOnly() throws {
    let scratch = Scratch()
    let path = scratch.path + "/outbox/1.segment"
    let arrivals = (0..<3).map { arrival($0) }
    var ends: [Int] = []
    do {
      let outbox = try open(scratch)
      for arrival in arrivals {
        #expect(outbox.store([arrival]) == [nil])
        ends.append(try #require(Directory.size(of: path)))
      }
    }
    let whole = try #require(FileManager.default.contents(atPath: path))
    for length in stride(from: 0, through: whole.count, by: 3) {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      let outbox = try open(scratch)
      let entries = try outbox.load()
      #expect(entries.count == ends.filter { $0 <= length }.count, "\(length) bytes")
      try expectWhole(outbox, entries, of: arrivals)
    }
  }

  @Test func damagedRecordCostsItsResultOnly() throws {
    let scratch = Scratch()
    let path = scratch.path + "/outbox/1.segment"
    let arrivals = (0..<3).map { arrival($0) }
    #expect(try open(scratch).store(arrivals) == [nil, nil, nil])
    let whole = try #require(FileManager.default.contents(atPath: path))
    for position in stride(from: 0, to: whole.count, by: 3) {
      var damaged = whole
      damaged[position] ^= 0x10
      try damaged.write(to: URL(fileURLWithPath: path))
      let outbox = try open(scratch)
      let entries = try outbox.load()
      #expect(entries.count == 2, "byte \(position)")
      try expectWhole(outbox, entries, of: arrivals)
    }
  }

  @Test func whatIsNoSegmentOfOursHidesNoResult() throws {
    let scratch = Scratch()
    let arrivals = (0..<2).map { arrival($0) }
    #expect(try open(scratch).store(arrivals) == [nil, nil])
    for name in ["+7.segment", "007.segment", "9223372036854775807.segment", ".segment"] {
      try Data("somebody's".utf8).write(to: URL(fileURLWithPath: scratch.path + "/outbox/" + name))
    }
    try FileManager.default.createDirectory(
      atPath: scratch.path + "/outbox/3.segment", withIntermediateDirectories: true)
    let outbox = try open(scratch)
    var faults: [FileFault] = []
    let entries = try outbox.load { faults.append($0) }
    #expect(faults.count == 1 && faults[0].description.contains("3.segment"), "\(faults)")
    try expectWhole(outbox, entries, of: arrivals)
    #expect(entries.count == 2)
    #expect(outbox.store([arrival(2)]) == [nil])
    #expect(FileManager.default.fileExists(atPath: scratch.path + "/outbox/4.segment"))
    #expect(FileManager.default.contents(atPath: scratch.path + "/outbox/007.segment")?.count == 10)
  }

  @Test func segmentOfNothingButDamageIsRemoved() throws {
    let scratch = Scratch()
    #expect(try open(scratch).store([arrival(0)]) == [nil])
    try Data(repeating: 0, count: 900).write(to: URL(fileURLWithPath: scratch.path + "/outbox/1.segment"))
    try Data("keep me".utf8).write(to: URL(fileURLWithPath: scratch.path + "/outbox/notes.txt"))
    #expect(try open(scratch).load().isEmpty)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/outbox").sorted() == ["lock", "notes.txt"])
  }

  @Test func diskThatTakesNothingIsAShortageAndLeavesNothing() throws {
    let scratch = Scratch()
    let outbox = try open(scratch)
    let path = scratch.path + "/outbox/1.segment"
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/full")
    #expect(outbox.store([arrival(0), arrival(1)]).map { $0?.isShortage } == [true, true])
    #expect(try segments(scratch).isEmpty)
    #expect(outbox.store([arrival(0), arrival(1)]) == [nil, nil])
  }

  private static let canMount: Bool = {
    let scratch = Scratch()
    defer { umount2(scratch.path, Int32(MNT_DETACH)) }
    return mount("test", scratch.path, "tmpfs", 0, "size=64k") == 0
  }()

  @Test(.enabled(if: canMount, "SKIPPED LOUDLY: cannot mount a tmpfs here; run as root to test a full outbox"))
  func diskThatFillsUpTakesWhatItCan() throws {
    let scratch = Scratch()
    let path = scratch.path + "/outbox"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try #require(mount("test", path, "tmpfs", 0, "size=64k") == 0)
    defer { umount2(path, Int32(MNT_DETACH)) }
    let arrivals = (0..<4).map { arrival($0, bytes: 25_000) }
    do {
      let outbox = try open(scratch)
      #expect(outbox.store(Array(arrivals.prefix(3))).map { $0?.number } == [nil, nil, ENOSPC])
      // Room for one again, once both are acknowledged, though nothing more fits behind them.
      outbox.discard(arrivals.prefix(2).map(\.receipt.lease))
      #expect(outbox.store([arrivals[2], arrivals[3]]) == [nil, nil])
    }
    let outbox = try open(scratch)
    let entries = try outbox.load()
    #expect(entries.map(\.receipt) == [arrivals[2].receipt, arrivals[3].receipt])
    try expectWhole(outbox, entries, of: arrivals)
  }

  /// A worker whose disk is full hands its items back, and renders them when there is room.
  @Test(.enabled(if: canMount, "SKIPPED LOUDLY: cannot mount a tmpfs here; run as root to test a full outbox"))
  func workerWithAFullDiskPausesAndCostsNothing() throws {
    let night = Night(items: makeItems(12))
    let path = night.outbox("one")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try #require(mount("test", path, "tmpfs", 0, "size=64k") == 0)
    defer { umount2(path, Int32(MNT_DETACH)) }
    var policy = Night.policy
    policy.retry.limit = 1
    policy.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 8, minItems: 8)
    let shift = night.coordinate(policy: policy)
    let hand = night.work(renderer: FakeRenderer(bytes: 30_000))
    #expect(try shift.verdict() == Verdict(outcome: .complete, counts: ItemCounts(done: 12)))
    #expect(try hand.exit() == .finished)
    try night.expectComplete(bytes: 30_000)
    #expect(try night.kept("one").isEmpty)
  }

  /// A kill between acknowledgement and removal: the next process delivers again what the coordinator has.
  @Test func resultThatWasAcknowledgedAlreadyIsAcknowledgedAgain() throws {
    let night = Night(items: makeItems(6))
    let first = night.coordinate()
    let hand = night.work()
    _ = try first.verdict()
    _ = try hand.exit()
    let journal = try SQLiteJournal(reading: night.scratch.run.journal)
    let run = try #require(try journal.opening()).name
    var arrivals: [OutboxDirectory.Arrival] = []
    try journal.forEachDone { receipt in
      let contents = try #require(
        FileManager.default.contents(atPath: night.scratch.run.audioFile(receipt.fileName)))
      arrivals.append(OutboxDirectory.Arrival(run: run, receipt: receipt, contents: contents))
    }
    #expect(try OutboxDirectory(night.outbox("two")).store(arrivals).allSatisfy { $0 == nil })
    // Something to do, or nobody would be asked.
    try FileManager.default.removeItem(atPath: night.scratch.run.audioFile("row3.flac"))
    let second = night.coordinate()
    let heir = night.work("two")
    #expect(try second.verdict().counts.done == 6)
    #expect(try heir.exit() == .finished)
    try night.expectComplete()
    #expect(try night.kept("two").isEmpty)
  }
}
