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

  @Test func workerNamesAreFitForTheWireAndDiffer() {
    let names = (0..<50).map { _ in WorkerID.fresh().name }
    #expect(Set(names).count == 50)
    #expect(names.allSatisfy { isWorkerName($0.utf8) })
  }
}
