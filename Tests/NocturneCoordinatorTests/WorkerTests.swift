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

  /// A worker whose shard was taken back before it was begun waited for its end for ever.
  @Test func aShardThatIsCalledOffBeforeItBeginsEndsToo() throws {
    let (isBusy, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let renderer = FakeRenderer(gate: {
      isBusy.signal()
      _ = mayEnd.wait(timeout: .now() + 60)
    })
    let mailbox = Mailbox(waker: Waker())
    let thread = RenderThread(renderer: renderer, mailbox: mailbox, progress: ProgressCounter())
    thread.render(Shard(id: 1, items: []), run: "night")
    #expect(isBusy.wait(timeout: .now() + 60) == .success)
    thread.render(Shard(id: 2, items: []), run: "night")
    thread.callOff(2)
    func ended() -> [UInt64] { mailbox.take().compactMap { if case .ended(let shard) = $0 { shard } else { nil } } }
    #expect(ended() == [2])
    mayEnd.signal()
    #expect(thread.close(waitingSeconds: 60))
    #expect(ended() == [1], "and the second one was never begun")
  }

  /// One that kept the first coordinator's long interval was taken for lost by the next, which waits for less.
  @Test func aHeartTakesUpAnotherInterval() throws {
    let scratch = Scratch()
    let link = try ZeroMQCoordinatorLink(endpoints: [scratch.endpoint], waker: Waker())
    let heart = Heart(
      context: ZeroMQContext(), endpoint: scratch.endpoint, protection: .missing, worker: .fresh(), generation: 0,
      intervalSeconds: 3600, pulse: Heart.Pulse(progress: ProgressCounter()))
    defer { heart.stop() }
    #expect(heart.isBeating)
    // By now it waits for the first one.
    Thread.sleep(forTimeInterval: 0.3)
    heart.beat(everySeconds: 0.02)
    for beat in 1...3 {
      guard case .heartbeat = try link.receive(timeoutSeconds: 10)?.message else {
        Issue.record("beat \(beat) did not come")
        return
      }
    }
  }

  @Test func workerNamesAreFitForTheWireAndDiffer() {
    let names = (0..<50).map { _ in WorkerID.fresh().name }
    #expect(Set(names).count == 50)
    #expect(names.allSatisfy { isWorkerName($0.utf8) })
  }
}
