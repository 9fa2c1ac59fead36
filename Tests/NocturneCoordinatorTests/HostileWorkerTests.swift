import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire
import Testing

/// A worker that was let in and speaks the protocol, and wants more than it is due.
struct HostileWorkerTests {
  private let night = Night(items: makeItems(2))
  private let link: ZeroMQWorkerLink
  private let worker = WorkerID("mallory-1-x")

  init() throws {
    link = try ZeroMQWorkerLink(
      context: ZeroMQContext(), endpoint: night.scratch.endpoint, worker: worker, waker: Waker())
  }

  /// The first answer that `choose` picks; the others are passed over.
  private func answer<Value>(_ choose: (CoordinatorMessage) -> Value?) throws -> Value {
    for _ in 0..<2_000 {
      if let message = try link.receive(timeoutSeconds: 0.01), let value = choose(message) { return value }
    }
    throw Night.Shift.Late()
  }

  private func say(_ message: WorkerMessage) throws { #expect(try link.send(message)) }

  /// Registers, and takes what it is granted.
  private func shard() throws -> Shard {
    try say(
      .hello(
        WorkerHello(
          build: "0", worker: worker, host: "mallory", processID: 1, modelFingerprint: testModel, numericClass: "fake",
          cores: 1, memoryBytes: 1, credit: 1)))
    return try answer { if case .grant(let shard) = $0 { shard } else { nil } }
  }

  private func receipt(_ item: LeasedItem, _ edit: (inout Receipt) -> Void = { _ in }) -> Receipt {
    var receipt = Receipt(
      lease: item.lease, fileName: item.item.fileName, facts: FakeRenderer().artifact(item.item).facts,
      modelFingerprint: testModel, numericClass: "fake", worker: worker)
    edit(&receipt)
    return receipt
  }

  private func isRevoked(_ lease: Lease) throws -> Bool {
    try answer {
      switch $0 {
      case .revoke(let leases) where leases.contains(lease): true
      case .acknowledge(let leases) where leases.contains(lease): false
      case .fetch(lease, _, _): false
      default: nil
      }
    }
  }

  private func finish(_ shift: Night.Shift) throws {
    link.close(lingerSeconds: 0)
    let hand = night.work()
    #expect(try shift.verdict().counts.done == 2)
    _ = try hand.exit()
    try night.expectComplete()
  }

  @Test func itFillsNoDiskWithOneClip() throws {
    let shift = night.coordinate()
    let item = try shard().items[0]
    try say(.finished(receipt(item) { $0.facts.bytes = 1 << 39 }, inline: nil))
    #expect(try isRevoked(item.lease))
    try finish(shift)
  }

  @Test(arguments: ["row1.flac", "elsewhere.flac", "row0.flac.exe"])
  func itWritesUnderNoOtherName(_ name: String) throws {
    let shift = night.coordinate()
    let item = try shard().items[0]
    try say(.finished(receipt(item) { $0.fileName = name }, inline: FakeRenderer().artifact(item.item).contents))
    #expect(try isRevoked(item.lease))
    try finish(shift)
  }

  @Test func aGuessedLeaseIsWorthNothing() throws {
    let shift = night.coordinate()
    let item = try shard().items[0]
    for lease in [
      Lease(item: item.lease.item, attempt: item.lease.attempt, token: item.lease.token ^ 1),
      Lease(item: item.lease.item, attempt: item.lease.attempt + 1, token: item.lease.token),
      Lease(item: ItemKey(row: "row9", take: 1), attempt: 1, token: 1),
    ] {
      try say(.finished(receipt(item) { $0.lease = lease }, inline: FakeRenderer().artifact(item.item).contents))
      #expect(try isRevoked(lease))
    }
    try finish(shift)
  }

  /// The same result again, and another one under the lease that it used up.
  @Test func aReplayedResultGetsNothing() throws {
    let shift = night.coordinate()
    let item = try shard().items[0]
    let contents = FakeRenderer().artifact(item.item).contents
    for _ in 0..<3 {
      try say(.finished(receipt(item), inline: contents))
      #expect(try !isRevoked(item.lease))
    }
    try say(.finished(receipt(item) { $0.facts.sha256 = String(repeating: "0", count: 64) }, inline: contents))
    #expect(try isRevoked(item.lease))
    try finish(shift)
    #expect(
      shift.events.count { if case .itemDone(let receipt) = $0 { receipt.lease == item.lease } else { false } } == 1)
  }
}
