import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire
import Testing

/// A worker without threads: answers each grant with all its results in one burst, and does what a test says to them.
private final class BurstLink: CoordinatorLink {
  private var inbox: [WorkerMessage] = []
  private let worker = WorkerID("burst-1-x")
  private let tamper: (inout Receipt, inout Data, Int) -> Void
  private var isGone = false
  private let stop: StopSignal
  private(set) var granted = 0
  private(set) var acknowledged: [Lease] = []
  private(set) var revoked: [Lease] = []

  init(stop: StopSignal, tamper: @escaping (inout Receipt, inout Data, Int) -> Void = { _, _, _ in }) {
    self.stop = stop
    self.tamper = tamper
    inbox = [
      .hello(
        WorkerHello(
          build: "1", worker: worker, host: "h", processID: 1, modelFingerprint: testModel, numericClass: "c",
          cores: 1, memoryBytes: 1, credit: 1))
    ]
  }

  func receive(timeoutSeconds: Double) -> (from: WorkerID, message: WorkerMessage)? {
    if inbox.isEmpty {
      if timeoutSeconds > 0 { _ = stop.waker.wait(seconds: min(timeoutSeconds, 0.01)) }
      return nil
    }
    return (worker, inbox.removeFirst())
  }

  func send(_ message: CoordinatorMessage, to worker: WorkerID) -> Bool {
    switch message {
    case .grant(let shard): for item in shard.items { answer(item) }
    case .acknowledge(let leases): acknowledged += leases
    case .revoke(let leases): revoked += leases
    default: break
    }
    return true
  }

  private func answer(_ item: LeasedItem) {
    granted += 1
    var data = FakeRenderer.contents(of: item.item, bytes: 64)
    let path = "/tmp/nocturne-burst-\(UUID().uuidString)"
    try? data.write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    var receipt = Receipt(
      lease: item.lease, fileName: item.item.fileName,
      facts: AudioFacts(
        sampleRate: 24_000, channels: 1, frames: 24_000, sha256: (try? fileDigest(path)) ?? "", bytes: 64,
        peakDBFS: -1, rmsDBFS: -2, integratedLUFS: nil),
      modelFingerprint: testModel, numericClass: "c", worker: worker)
    tamper(&receipt, &data, granted)
    inbox.append(.finished(receipt, inline: data))
  }
}

@Suite struct GroupCommitTests {
  private func run(
    _ scratch: Scratch, items: [Item], policy: FarmPolicy, fault: @escaping FaultInjection = { _ in },
    tamper: @escaping (inout Receipt, inout Data, Int) -> Void = { _, _, _ in }
  ) throws -> (Verdict, BurstLink) {
    let stop = StopSignal(waker: Waker())
    let link = BurstLink(stop: stop, tamper: tamper)
    var options = Coordinator.Options()
    options.policy = policy
    options.fault = fault
    let coordinator = try Coordinator(
      directory: scratch.run, record: makeRecord(), items: ItemList(items), link: link, stop: stop, options: options)
    return (try coordinator.run(), link)
  }

  @Test func resultsThatArriveTogetherShareOneCommit() throws {
    let scratch = Scratch()
    var policy = Night.policy
    policy.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 64, minItems: 64)
    var passages: [FaultPoint: Int] = [:]
    let (verdict, link) = try run(
      scratch, items: makeItems(64), policy: policy, fault: { passages[$0, default: 0] += 1 })
    #expect(verdict.counts.done == 64)
    // 32 of 64 (the rest is kept for the end), then 16, 8, 4, ...: as many shards as commits.
    #expect(link.acknowledged.count == 64)
    let commits = try #require(passages[.committed])
    #expect(commits <= 8)
    #expect(passages[.directorySynced] == commits)
    #expect(passages[.published] == commits)
    #expect(scratch.lines(scratch.run.metadata).count == 64)
  }

  @Test func linesAreWrittenAfterTheCommitThatTheyFollowFrom() throws {
    let scratch = Scratch()
    var lines: [Int] = []
    _ = try run(
      scratch, items: makeItems(3), policy: Night.policy,
      fault: { if $0 == .beforeCommit || $0 == .committed { lines.append(scratch.lines(scratch.run.metadata).count) } })
    #expect(lines.prefix(2) == [0, 0] && lines.last.map { $0 < 3 } == true)
  }

  @Test func artifactThatIsNotWhatItsReceiptSaysIsRejectedAndTriedAgain() throws {
    let scratch = Scratch()
    let (verdict, link) = try run(
      scratch, items: makeItems(3), policy: Night.policy,
      tamper: { receipt, data, number in
        if number == 1 { data[3] ^= 1 }
        if number == 2 { receipt.facts.bytes = 65 }
      })
    #expect(verdict.counts.done == 3)
    #expect(link.granted > 3)
    #expect(!link.revoked.isEmpty)
    #expect(try RunVerifier(directory: scratch.run).verify().isClean)
  }

  @Test func receiptThatNamesAnotherFileTouchesNothing() throws {
    let scratch = Scratch()
    var policy = Night.policy
    policy.retry.limit = 1
    let (verdict, _) = try run(
      scratch, items: makeItems(2), policy: policy,
      tamper: { receipt, _, _ in
        if receipt.lease.item.row == "row1" { receipt.fileName = "row0.flac" }
      })
    #expect(verdict.counts == ItemCounts(done: 1, dead: 1))
    #expect(scratch.text(scratch.run.errors).contains("the receipt names the file row0.flac"))
    #expect(try RunVerifier(directory: scratch.run).verify().isClean)
  }
}
