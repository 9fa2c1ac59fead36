import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// A run that is complete before everybody knows.
@Suite struct PartingTests {
  private let complete = CoordinatorInstruction.finish(Verdict(outcome: .complete, counts: ItemCounts(done: 1)))

  /// A life in which `a` rendered the only item, and the next one, in which nobody has come back yet.
  private func secondLife(_ edit: (inout FarmPolicy) -> Void = { _ in }) -> (Table, [CoordinatorInstruction]) {
    var before = Table.open(items: 1)
    before.join("a")
    before.finish(lease(1, token: 1), "a")
    var table = Table(items: 1, replaying: before.journal, edit)
    table.handle(.workersRemembered([WorkerID("a")]))
    let told = table.handle(.started)
    return (table, told)
  }

  @Test func aCompleteRunStaysForAWorkerThatItsJournalNames() {
    var (table, told) = secondLife()
    #expect(told.isEmpty)
    #expect(table.notices == [.awaitingWorkers([WorkerID("a")], seconds: 5)])
    #expect(table.pass(4.9).isEmpty)
    #expect(table.pass(0.2) == [complete])
  }

  /// The alarm may have been set for something else that lay before it.
  @Test func theWaitEndsAlthoughAnEarlierAlarmWasSet() {
    var table = Table(items: 1)
    table.handle(.workersRemembered([WorkerID("a")]), .started)
    table.join("b")
    table.advance(16)
    #expect(!table.finish(lease(1, token: 1), "b").contains(complete))
    #expect(table.pass(4.9).isEmpty)
    #expect(table.pass(0.2) == [complete])
  }

  @Test func theWorkerDeliversWhatItHasAndIsSentHome() {
    var (table, _) = secondLife()
    #expect(table.beat("a") == [.send(.register, to: WorkerID("a"))])
    #expect(
      table.join("a", holding: [lease(9, token: 9)]) == [
        welcome("a"), .send(.revoke([lease(9, token: 9)]), to: WorkerID("a")), .send(.finished, to: WorkerID("a")),
      ])
    #expect(
      table.say(.finished(table.receipt(lease(1, token: 1), "a"), inline: nil), "a")
        == [.send(.acknowledge([lease(1, token: 1)]), to: WorkerID("a"))])
    #expect(table.say(.goodbye, "a") == [complete], "nobody is left to wait for")
  }

  @Test func aNormalEndIsNotDelayed() {
    var table = Table.open(items: 1)
    table.join("a")
    table.join("b")
    table.say(.goodbye, "b")
    #expect(table.finish(lease(1, token: 1), "a").last == complete)
  }

  @Test func whoCameBackInTimeIsNotWaitedFor() {
    var before = Table.open(items: 1)
    before.join("a")
    var table = Table(items: 1, replaying: before.journal)
    table.handle(.workersRemembered([WorkerID("a")]), .started)
    table.join("a", holding: [lease(1, token: 1)])
    #expect(table.finish(lease(1, token: 1), "a").last == complete)
  }

  @Test func whoHasBeenGoneForLongIsNotWaitedFor() {
    var table = Table.open(items: 2)
    table.join("a", credit: 1)
    table.join("b", credit: 1)
    for _ in 0..<60 {
      table.pass(2)
      table.beat("b", executing: [lease(2, token: 2)])
    }
    #expect(table.state.workers.map(\.worker) == [WorkerID("b")])
    table.finish(lease(2, token: 2), "b")
    table.say(.ready(credit: 1), "b")
    #expect(
      table.finish(table.held("b")[0], "b").last
        == .finish(Verdict(outcome: .complete, counts: ItemCounts(done: 2))))
  }

  @Test func aSignalOrZeroSecondsEndTheWaitAtOnce() {
    var (table, _) = secondLife()
    #expect(table.handle(.stopRequested) == [complete])
    #expect(secondLife { $0.liveness.partingSeconds = 0 }.1 == [complete])
  }

  @Test func aStrangerIsToldThatItIsOverAndNotWaitedFor() {
    var (table, _) = secondLife()
    #expect(table.join("b") == [.send(.finished, to: WorkerID("b"))])
  }
}
