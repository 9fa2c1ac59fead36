import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// What an operator may ask of a run at work. Each order is journaled before it is answered.
@Suite struct OrderTests {
  // MARK: Pause and resume

  @Test func aPausedRunHandsOutNothingUntilItIsResumed() {
    var table = Table.open(items: 4)
    table.join("a", credit: 1)
    #expect(table.order(.pause) == [.recordPause(true), answer(.paused(atWork: 1, wasPaused: false))])
    #expect(table.notices == [.heldByOperator(atWork: 1)])
    #expect(table.finish(lease(1, token: 1), "a").grants.isEmpty)
    #expect(table.join("b").grants.isEmpty)
    let told = table.order(.resume)
    #expect(told.prefix(2) == [.recordPause(false), answer(.resumed(waiting: 3, wasPaused: true))])
    #expect(told.grants.count == 3)
  }

  @Test func aPauseTakesBackWhatIsNotBegun() {
    var table = Table.open(items: 4)
    table.join("a")
    table.beat("a", executing: [lease(1, token: 1)])
    let told = table.order(.pause)
    #expect(told.first == .recordPause(true))
    #expect(told.messages(to: "a") == [.revoke([lease(2, token: 2)])])
    #expect(told.releases.map(\.costsTry) == [false])
    #expect(told.last == answer(.paused(atWork: 1, wasPaused: false)))
    #expect(table.state.counts == ItemCounts(waiting: 3, leased: 1))
  }

  @Test func aPauseBeforeTheFirstHeartbeatLeavesTheShardWhoseTurnItIs() {
    var table = Table.open(items: 4)
    table.join("a")
    #expect(table.order(.pause).messages(to: "a") == [.revoke([lease(2, token: 2)])])
  }

  @Test func pausingTwiceAndResumingTwiceDoNoHarm() {
    var table = Table.open(items: 2)
    table.order(.pause)
    #expect(table.order(.pause) == [answer(.paused(atWork: 0, wasPaused: true))])
    table.order(.resume)
    #expect(table.order(.resume) == [answer(.resumed(waiting: 2, wasPaused: false))])
  }

  @Test func aPausedRunStaysPausedOverARestart() {
    var table = Table(items: 2)
    table.handle(.pauseReplayed)
    table.handle(.started)
    #expect(table.notices == [.heldByOperator(atWork: 0)])
    #expect(table.join("a").grants.isEmpty)
    #expect(table.order(.resume).grants.count == 2)
  }

  @Test func aPausedRunThatIsStoppedEndsAsStopped() {
    var table = Table.open(items: 2)
    table.order(.pause)
    #expect(
      table.handle(.stopRequested) == [.finish(Verdict(outcome: .stopped, counts: ItemCounts(waiting: 2)))])
  }

  // MARK: Drain

  @Test func aDrainIsASingleStopHoweverOftenItIsAsked() {
    var table = Table.open(items: 3)
    table.join("a", credit: 1)
    let draining = answer(.draining(atWork: 1))
    #expect(table.order(.drain) == [.send(.drain, to: WorkerID("a")), draining])
    #expect(table.order(.drain) == [draining])
    let told = table.finish(lease(1, token: 1), "a")
    #expect(told.last == .finish(Verdict(outcome: .stopped, counts: ItemCounts(waiting: 2, done: 1))))
  }

  // MARK: Cancel

  @Test func cancellingEverythingEndsTheRunWithEachItemReported() {
    var table = Table.open(items: 4)
    table.join("a")
    table.finish(lease(1, token: 1), "a")
    let told = table.order(.cancel(.all))
    #expect(
      told.changes == Array(repeating: .died(.cancelled, message: "cancelled by an operator", worker: nil), count: 3))
    #expect(Set(told.messages(to: "a").prefix(2)) == [.revoke([lease(2, token: 2)]), .revoke([lease(3, token: 3)])])
    #expect(told.contains(answer(.cancelled(items: 3))))
    #expect(told.reports.map(\.item) == [table.key(2), table.key(3), table.key(4)])
    #expect(told.last == .finish(Verdict(outcome: .complete, counts: ItemCounts(done: 1, cancelled: 3))))
  }

  @Test func onlyNamedItemsAreCancelledWhereverTheyAre() {
    var table = Table.open(items: 5)
    table.join("a")
    table.say(.failed(lease(2, token: 2), .itemFault, message: "it threw"), "a")
    let names = [1, 2, 5].map { table.key($0).description }
    let told = table.order(.cancel(.named(names)))
    #expect(told.reports.map(\.item) == [table.key(1), table.key(2), table.key(5)])
    #expect(told.messages(to: "a") == [.revoke([lease(1, token: 1)])])
    table.pass(6)
    #expect(table.state.counts == ItemCounts(waiting: 0, leased: 2, cancelled: 3))
  }

  @Test func aResultOfACancelledItemIsRefused() {
    var table = Table.open(items: 2)
    table.join("a")
    let receipt = table.receipt(lease(1, token: 1), "a")
    table.say(.finished(receipt, inline: nil), "a")
    let told = table.order(.cancel(.named([table.key(1).description])))
    #expect(told.contains(.abandon(lease(1, token: 1))))
    #expect(
      table.handle(.artifactStored(receipt, from: WorkerID("a"))).messages(to: "a") == [.revoke([lease(1, token: 1)])])
    #expect(table.state.counts.done == 0)
  }

  @Test func whatIsDecidedOrUnknownCannotBeCancelledAndNothingElseHappens() {
    var table = Table.open(items: 3)
    table.join("a")
    table.finish(lease(1, token: 1), "a")
    let done = table.key(1).description
    let other = table.key(3).description
    #expect(table.order(.cancel(.named([other, done]))) == [answer(.refused("\(done) is done already"))])
    #expect(table.order(.cancel(.named([other, "x"]))) == [answer(.refused("the run has no item 'x'"))])
    #expect(table.state.counts.cancelled == 0)
  }

  // MARK: Retry

  @Test func aDeadItemThatIsRetriedHasAllItsTriesAgain() {
    var table = Table.open(items: 2) { $0.retry.limit = 1 }
    table.join("a")
    table.say(.failed(lease(1, token: 1), .itemFault, message: "it threw"), "a")
    #expect(table.state.counts.dead == 1)
    let told = table.order(.retry(.all))
    #expect(
      told.prefix(3) == [
        .record([
          Transition(
            item: table.key(1), attempt: 1, change: .reopened(reason: "an operator asked for another go"))
        ]), .retract(table.key(1)), answer(.retried(items: 1)),
      ])
    #expect(told.grants == [[lease(1, attempt: 2, token: 3)]], "attempts go on counting")
  }

  @Test func aClassIsRetriedAndNoOther() {
    var table = Table.open(items: 4) { $0.retry.limit = 1 }
    table.join("a", credit: 2)
    table.say(.failed(lease(1, token: 1), .itemFault, message: "it threw"), "a")
    table.say(.failed(lease(2, token: 2), .badItem, message: "empty"), "a")
    table.order(.cancel(.named([table.key(3).description])))
    #expect(table.order(.retry(.ended(.badItem))).reopened == [table.key(2)])
    #expect(table.order(.retry(.ended(.cancelled))).reopened == [table.key(3)])
    #expect(table.order(.retry(.all)).reopened == [table.key(1)])
    #expect(table.order(.retry(.all)) == [answer(.retried(items: 0))])
  }

  @Test func whatIsCancelledIsNotRetriedWithWhatFailed() {
    var table = Table.open(items: 2)
    table.order(.cancel(.named([table.key(1).description])))
    #expect(table.order(.retry(.all)) == [answer(.retried(items: 0))])
  }

  @Test func whatWaitsCannotBeRetried() {
    var table = Table.open(items: 2)
    let name = table.key(1).description
    #expect(
      table.order(.retry(.named([name]))) == [
        answer(.refused("\(name) is waiting; only what is dead can be retried"))
      ])
  }

  @Test func aRetriedItemMayGoToTheWorkerThatFailedIt() {
    var table = Table.open(items: 3) { $0.retry.limit = 1 }
    table.join("a", credit: 1)
    table.join("b", credit: 1)
    table.say(.failed(lease(1, token: 1), .itemFault, message: "it threw"), "a")
    table.order(.retry(.all))
    table.finish(lease(3, token: 3), "a")
    #expect(table.state.whereabouts(of: table.key(1).description, now: table.now).map(\.place) == [.leased])
  }

  // MARK: Runs that nobody works on, and runs that are over

  @Test func aStoppedRunTakesOrdersBeforeItIsStarted() {
    var before = Table.open(items: 4) { $0.retry.limit = 1 }
    before.join("a", credit: 1)
    before.say(.failed(lease(1, token: 1), .itemFault, message: "it threw"), "a")
    before.say(.ready(credit: 1), "a")
    var table = Table(items: 4, replaying: before.journal)
    #expect(table.order(.drain) == [answer(.standing)])
    #expect(table.order(.pause) == [.recordPause(true), answer(.paused(atWork: 0, wasPaused: false))])
    #expect(table.order(.retry(.all)).reopened == [table.key(1)])
    let told = table.order(.cancel(.all))
    #expect(told.reports.count == 4 && told.last == answer(.cancelled(items: 4)))
    #expect(table.order(.pause) == [answer(.refused("the run is over: every item is decided"))])
    // And the journal tells the next coordinator.
    var after = Table(items: 4, replaying: table.journal)
    #expect(
      after.handle(.started) == [.finish(Verdict(outcome: .complete, counts: ItemCounts(cancelled: 4)))])
  }

  @Test func aRunThatIsOverRefusesOrders() {
    var table = Table.open(items: 1)
    table.order(.cancel(.all))
    for order in [Order.pause, .resume, .drain, .cancel(.all), .retry(.all)] {
      #expect(table.order(order) == [answer(.refused("the run is over"))])
    }
  }

  @Test func aTakeIsNamedByItsNumberAndARowMeansAllItsTakes() {
    let keys = [ItemKey(row: "x", take: 1), ItemKey(row: "x", take: 2), ItemKey(row: "x-t3", take: 1)]
    var state = CoordinatorState(
      run: RunIdentity(name: "night", modelFingerprint: nil), policy: FarmPolicy(), validates: true)
    var random = SeededGenerator(seed: 1)
    let batch = BatchKey(RenderSpec())
    for event in [CoordinatorEvent.itemsLoaded(keys.map { ItemEntry(key: $0, batch: batch) }), .started] {
      _ = state.handle(event, now: .zero, using: &random)
    }
    #expect(state.whereabouts(of: "x", now: .zero).map(\.item) == [keys[0], keys[1]])
    #expect(state.whereabouts(of: "x-t2", now: .zero).map(\.item) == [keys[1]])
    #expect(state.whereabouts(of: "x-t3", now: .zero).map(\.item) == [keys[2]])
    #expect(state.whereabouts(of: "x-t4", now: .zero).isEmpty)
  }
}

private func answer(_ answer: OrderAnswer) -> CoordinatorInstruction { .answer(answer, to: OrderTicket(7)) }

extension Table {
  @discardableResult mutating func order(_ order: Order) -> [CoordinatorInstruction] {
    handle(.orderReceived(order, from: OrderTicket(7)))
  }
}

extension [CoordinatorInstruction] {
  var reports: [DeadItem] { compactMap { if case .report(let item) = $0 { item } else { nil } } }

  /// Items that wait again, in order; each has its line retracted.
  var reopened: [ItemKey] {
    let keys = flatMap { instruction -> [ItemKey] in
      guard case .record(let transitions) = instruction else { return [] }
      return transitions.filter { if case .reopened = $0.change { true } else { false } }.map(\.item)
    }
    let retracted = compactMap { if case .retract(let key) = $0 { key } else { nil } }
    return keys == retracted ? keys : []
  }
}
