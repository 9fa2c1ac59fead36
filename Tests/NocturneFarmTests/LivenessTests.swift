import Foundation
import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

@Suite struct LivenessTests {
  @Test func anExpiredLeaseReturnsTheItemOnce() {
    var table = Table.open(items: 1)
    table.join("a")
    table.beat("a", executing: [lease(1, token: 1)])
    #expect(table.pass(19.9).isEmpty)
    let told = table.pass(0.2)
    #expect(told.releases.map(\.failureClass) == [.workerFault])
    #expect(table.notices.first == .workerLost(WorkerID("a"), reason: "silent for 20 s"))
    #expect(table.pass(100).isEmpty, "nobody is there to take it")
    #expect(table.state.counts == ItemCounts(waiting: 1))
    #expect(table.join("b").grants == [[lease(1, attempt: 2, token: 2)]])
  }

  @Test func whatExecutedIsBlamedAndWhatWasPrefetchedIsNot() {
    var table = Table.open(items: 2)
    table.join("a")
    table.beat("a", executing: [lease(1, token: 1)])
    let told = table.pass(21)
    #expect(told.releases.map(\.costsTry) == [true, false])
    #expect(told.releases.map(\.failureClass) == [.workerFault, .infrastructure])
    #expect(table.join("b").grants == [[lease(2, attempt: 2, token: 3)]], "the other one waits for its retry")
  }

  @Test func aWorkerThatDiesBeforeItsFirstHeartbeatBlamesTheShardWhoseTurnItWas() {
    var table = Table.open(items: 2)
    table.join("a")
    let told = table.pass(21)
    #expect(told.releases.map(\.costsTry) == [true, false])
  }

  @Test func ofAShardThatTookItsWorkerDownNobodyPaysAndEachHalfGoesAlone() {
    var table = Table.open(items: 16) {
      $0.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 8, minItems: 8)
    }
    table.join("a", credit: 1)
    let eight = (1...8).map { lease($0, token: UInt64($0)) }
    table.beat("a", executing: eight)
    let told = table.pass(21)
    #expect(told.releases.map(\.costsTry) == Array(repeating: false, count: 8))
    #expect(Set(told.releases.map(\.shardLimit)) == [4])
    table.pass(6)
    let grants = table.join("b", credit: 2).grants
    #expect(grants.map { $0.map(\.item) } == [[1, 2, 3, 4].map(table.key), [5, 6, 7, 8].map(table.key)])
  }

  @Test func aFinishedItemOfTheDeadWorkersShardIsNotBlamed() {
    var table = Table.open(items: 4) {
      $0.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 2, minItems: 2)
    }
    table.join("a", credit: 1)
    let two = [lease(1, token: 1), lease(2, token: 2)]
    table.beat("a", executing: two)
    table.finish(two[0], "a")
    let told = table.pass(21)
    #expect(told.releases.map(\.costsTry) == [true], "the second one was alone by then")
    #expect(table.state.counts.done == 1)
  }

  @Test func heartbeatsKeepALeaseForAsLongAsThereIsProgress() {
    var table = Table.open(items: 1)
    table.join("a")
    for progress in 1...500 {
      table.advance(2)
      #expect(table.beat("a", executing: [lease(1, token: 1)], progress: UInt64(progress)).releases.isEmpty)
      #expect(table.pass(0).isEmpty)
    }
  }

  /// On a slow line a worker's words, its receipts again among them, stand behind its audio.
  @Test func aResultOfWhichPiecesComeIsOnItsWay() {
    var table = Table.open(items: 2)
    table.join("a", credit: 1)
    table.beat("a", executing: [lease(1, token: 1)], progress: 1)
    table.say(.finished(table.receipt(lease(1, token: 1), "a"), inline: nil), "a")
    table.say(.ready(credit: 1), "a")
    #expect(table.held("a") == [lease(1, token: 1), lease(2, token: 2)])
    var told: [CoordinatorInstruction] = []
    for piece in 0..<20 {
      told += table.pass(5)
      // It executes nothing: that item 2 is finished, too, is said behind the pieces of item 1.
      told += table.beat("a", progress: UInt64(2 + piece))
      told += table.say(.chunk(lease(1, token: 1), offset: piece, Data()), "a")
    }
    #expect(told.releases.isEmpty, "\(told)")
    for _ in 0..<30 {
      told += table.pass(5)
      told += table.beat("a", progress: 99)
    }
    #expect(Set(told.releases.map(\.message)) == ["result was not delivered", "grant lost"], "nothing more came")
  }

  @Test func nobodyPaysForACoordinatorThatWaitedForItsDisk() {
    var table = Table.open(items: 1)
    table.join("a")
    table.say(.finished(table.receipt(lease(1, token: 1), "a"), inline: nil), "a")
    table.advance(60)
    #expect(table.handle(.timePassed).releases.isEmpty)
    #expect(table.state.workers.count == 1 && table.state.collecting == 1)
  }

  @Test func everyHeartbeatIsAnswered() {
    var table = Table.open(items: 1)
    table.join("a")
    #expect(table.beat("a") == [.send(.heartbeat, to: WorkerID("a"))])
  }

  @Test func aWorkerWithoutProgressIsStalledAndGetsNothingUntilItMoves() {
    var table = Table.open(items: 2)
    table.join("a", credit: 1)
    let first = lease(1, token: 1)
    var told: [CoordinatorInstruction] = []
    var seconds = 0
    while told.releases.isEmpty, seconds < 1000 {
      table.advance(2)
      seconds += 2
      told = table.beat("a", executing: [first], progress: 7)
    }
    #expect((120...126).contains(seconds), "\(seconds)")
    #expect(told.releases.map(\.costsTry) == [true])
    #expect(told.messages(to: "a").contains(.revoke([first])))
    #expect(table.notices.contains { if case .workerStalled = $0 { true } else { false } })
    table.advance(2)
    let still = table.beat("a", executing: [first], progress: 7)
    #expect(still.grants.isEmpty && still.messages(to: "a").contains(.revoke([first])))
    table.advance(2)
    #expect(table.beat("a", progress: 8).grants == [[lease(2, token: 2)]])
  }

  /// The revocation got lost, the worker registered anew with what it hung on, got it back, and was never judged again.
  @Test func aStalledWorkerThatRegistersAnewDoesNotGetItsShardBack() {
    var table = Table.open(items: 2)
    table.join("a", credit: 1)
    let first = lease(1, token: 1)
    for _ in 0..<63 {
      table.advance(2)
      table.beat("a", executing: [first], progress: 7)
    }
    #expect(table.state.workers.map(\.isStalled) == [true])
    #expect(table.join("a", credit: 0, holding: [first]).messages(to: "a").contains(.revoke([first])))
    #expect(table.held("a").isEmpty)
  }

  @Test func patienceWithAWorkerIsAMultipleOfItsOwnPace() {
    var table = Table.open(items: 1) {
      $0.liveness.stallFloorSeconds = 10
      $0.liveness.stallMultiple = 5
    }
    table.join("a")
    // One step in ten seconds, for a while: 50 s without one are patience enough.
    var progress: UInt64 = 0
    for second in 1...100 {
      table.advance(1)
      if second % 10 == 0 { progress += 1 }
      #expect(table.beat("a", executing: [lease(1, token: 1)], progress: progress).releases.isEmpty)
    }
    for second in 1...60 {
      table.advance(1)
      let stalled = !table.beat("a", executing: [lease(1, token: 1)], progress: progress).releases.isEmpty
      #expect(!stalled || second > 45, "\(second)")
      if stalled { return }
    }
    Issue.record("never stalled")
  }

  @Test func aGrantThatTheWorkerNeverTakesUpGoesElsewhereAtNoCost() {
    var table = Table.open(items: 1)
    table.join("a", credit: 1)
    var releases: [Release] = []
    var seconds = 0.0
    while releases.isEmpty, seconds < 100 {
      table.advance(2)
      seconds += 2
      releases = table.beat("a").releases
    }
    #expect(releases.map(\.costsTry) == [false])
    #expect(seconds > 30 && seconds < 36)
  }

  @Test func aCoordinatorThatWasAwayItselfBlamesNobody() {
    var table = Table.open(items: 1)
    table.join("a")
    table.beat("a", executing: [lease(1, token: 1)])
    table.advance(3600)
    #expect(table.handle(.timePassed).isEmpty)
    #expect(!table.pass(21).releases.isEmpty, "but then it has to be heard")
  }

  @Test func anUnknownSenderIsChallengedToRegister() {
    var table = Table.open(items: 1)
    #expect(table.beat("a") == [.send(.register, to: WorkerID("a"))])
    #expect(table.say(.goodbye, "a").isEmpty)
  }

  @Test func whatAWorkerDidNotHandBackBeforeItsGoodbyeHasAGraceToTurnUpIn() {
    var table = Table.open(items: 3)
    table.join("a")
    #expect(table.say(.returned([lease(2, token: 2)]), "a").releases.count == 1)
    #expect(table.say(.goodbye, "a").isEmpty, "it may be in its outbox")
    #expect(table.state.workers.isEmpty)
    #expect(table.join("b").grants == [[lease(2, attempt: 2, token: 3)], [lease(3, token: 4)]])
    table.pass(29)
    table.beat("b")
    let told = table.pass(2)
    #expect(told.releases.map(\.costsTry) == [false])
  }

  @Test func aResultOnTheWayInOutlivesWhoDeliversIt() {
    var table = Table.open(items: 1)
    table.join("a")
    let receipt = table.receipt(lease(1, token: 1), "a")
    table.say(.finished(receipt, inline: nil), "a")
    let told = table.pass(21)
    #expect(table.state.workers.isEmpty && told.releases.isEmpty, "nobody renders again what is in an outbox")
    #expect(!told.contains(.abandon(receipt.lease)), "it may have come whole, and is being stored")
    table.join("b")
    #expect(
      table.say(.finished(receipt, inline: nil), "b").last == .collect(receipt, inline: nil, from: WorkerID("b")))
  }

  /// Worker `a` delivers item 1.
  private func delivery(items: Int) -> Table {
    var table = Table.open(items: items)
    table.join("a", credit: 1)
    table.say(.finished(table.receipt(lease(1, token: 1), "a"), inline: nil), "a")
    return table
  }

  @Test func aResultThatIsBeingStoredCountsThoughItsDelivererIsGone() {
    var table = delivery(items: 2)
    let receipt = table.receipt(lease(1, token: 1), "a")
    #expect(!table.say(.goodbye, "a").contains(.abandon(receipt.lease)), "what came whole would be thrown away")
    #expect(table.handle(.artifactStored(receipt, from: WorkerID("a"))).contains(.publish(receipt)))
    #expect(table.state.counts.done == 1)
  }

  @Test func aResultWhoseDelivererIsGoneGoesElsewhereAfterAGrace() {
    var table = delivery(items: 1)
    let receipt = table.receipt(lease(1, token: 1), "a")
    table.say(.goodbye, "a")
    #expect(table.pass(29).isEmpty)
    let told = table.pass(2)
    #expect(told.contains(.abandon(receipt.lease)))
    #expect(told.releases.map(\.costsTry) == [false])
  }

  @Test func aDelivererThatComesBackStillHasItsDeliveryOnTheBooks() {
    var table = delivery(items: 1)
    let receipt = table.receipt(lease(1, token: 1), "a")
    table.say(.goodbye, "a")
    table.join("a", credit: 1)
    #expect(table.state.violations.isEmpty)
    table.say(.finished(receipt, inline: nil), "a")
    table.handle(.artifactStored(receipt, from: WorkerID("a")))
    #expect(table.state.violations.isEmpty && table.state.counts.done == 1)
  }

  @Test func aRunThatStopsDoesNotWaitForADelivererThatIsGone() {
    var table = delivery(items: 2)
    table.say(.returned([lease(2, token: 2)]), "a")
    #expect(table.handle(.stopRequested) == [.send(.drain, to: WorkerID("a"))], "it delivers")
    #expect(
      table.say(.goodbye, "a").last
        == .finish(Verdict(outcome: .stopped, counts: ItemCounts(waiting: 1, leased: 1))))
  }

  @Test func aProcessUnderTheNameOfAnotherSupersedesIt() {
    var table = Table.open(items: 1)
    table.join("a")
    table.beat("a", executing: [lease(1, token: 1)])
    let told = table.handle(.messageReceived(.hello(.sample("a", processID: 2)), from: WorkerID("a")))
    #expect(told.releases.map(\.costsTry) == [true])
    #expect(table.state.workers.count == 1)
  }

  @Test func anOvertakenHeartbeatBlamesNobody() {
    var table = Table.open(items: 2)
    table.join("a")
    table.beat("a", executing: [lease(2, token: 2)], progress: 5)
    table.beat("a", executing: [lease(1, token: 1)], progress: 4)
    table.pass(21)
    let payers = table.journal.filter { if case .released(let release) = $0.change { release.costsTry } else { false } }
    #expect(payers.map(\.item) == [table.key(2)])
  }
}
