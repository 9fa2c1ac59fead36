import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

@Suite struct EndingTests {
  @Test func theRunFinishesWithItsLastItem() {
    var table = Table.open(items: 1)
    table.join("a")
    #expect(
      table.finish(lease(1, token: 1), "a").suffix(2) == [
        .send(.finished, to: WorkerID("a")), .finish(Verdict(outcome: .complete, counts: ItemCounts(done: 1))),
      ])
  }

  @Test func anEmptyRunFinishesAtOnce() {
    var table = Table(items: 0)
    #expect(table.handle(.started) == [.finish(Verdict(outcome: .complete, counts: ItemCounts()))])
  }

  @Test func aStopLetsWorkersFinishWhatExecutes() {
    var table = Table.open(items: 3)
    table.join("a")
    #expect(table.handle(.stopRequested) == [.send(.drain, to: WorkerID("a"))])
    #expect(table.notices == [.draining])
    let returned = table.say(.returned([lease(2, token: 2)]), "a")
    #expect(returned.grants.isEmpty)
    #expect(
      table.finish(lease(1, token: 1), "a").suffix(2) == [
        .send(.acknowledge([lease(1, token: 1)]), to: WorkerID("a")),
        .finish(Verdict(outcome: .stopped, counts: ItemCounts(waiting: 2, done: 1))),
      ])
  }

  @Test func aSecondStopStopsNow() {
    var table = Table.open(items: 3)
    table.join("a")
    table.handle(.stopRequested)
    #expect(
      table.handle(.stopRequested)
        == [.finish(Verdict(outcome: .stopped, counts: ItemCounts(waiting: 1, leased: 2)))])
    #expect(table.handle(.stopRequested).isEmpty)
  }

  @Test func aStopWithNobodyAtWorkIsImmediate() {
    var table = Table.open(items: 1)
    #expect(
      table.handle(.stopRequested) == [.finish(Verdict(outcome: .stopped, counts: ItemCounts(waiting: 1)))])
  }

  @Test func aDrainThatGotLostIsRepeatedWithEachHeartbeat() {
    var table = Table.open(items: 1)
    table.join("a")
    table.handle(.stopRequested)
    #expect(table.beat("a", executing: [lease(1, token: 1)]) == [.send(.drain, to: WorkerID("a"))])
  }

  @Test func aWorkerThatComesWhileDrainingMayDeliverAndGetsNothing() {
    var table = Table.open(items: 3)
    table.join("a")
    table.handle(.stopRequested)
    #expect(table.join("b") == [welcome("b"), .send(.drain, to: WorkerID("b"))])
  }

  @Test func lateComersAreToldThatItIsOver() {
    var table = Table.open(items: 1)
    table.join("a")
    table.finish(lease(1, token: 1), "a")
    #expect(table.join("b") == [.send(.finished, to: WorkerID("b"))])
    #expect(table.beat("a") == [.send(.finished, to: WorkerID("a"))])
    let receipt = table.receipt(lease(1, token: 1), "c")
    #expect(
      table.say(.finished(receipt, inline: nil), "c")
        == [.send(.acknowledge([receipt.lease]), to: WorkerID("c"))])
  }
}
