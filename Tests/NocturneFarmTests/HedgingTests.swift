import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// Near the end an idle worker renders what another one is late with.
@Suite struct HedgingTests {
  /// `slow` holds item 3 for far too long; `quick` rendered the others in 5 s each and has nothing to do.
  private func evening(_ edit: (inout FarmPolicy) -> Void = { _ in }) -> Table {
    var table = Table.open(items: 3) { policy in
      policy.credit = 1
      edit(&policy)
    }
    table.join("quick", credit: 1)
    table.advance(5)
    table.finish(lease(1, token: 1), "quick")
    table.beat("quick")
    table.join("slow", credit: 1)
    table.advance(5)
    table.finish(lease(2, token: 2), "quick")
    return table
  }

  /// Both beat every two seconds, the slow one making progress; returns what the beats of the quick one led to.
  private func live(_ table: inout Table, _ seconds: Int) -> [CoordinatorInstruction] {
    var told: [CoordinatorInstruction] = []
    for second in stride(from: 0, to: seconds, by: 2) {
      told += table.pass(2)
      table.beat("slow", executing: [late], progress: UInt64(second + 1))
      told += table.beat("quick")
    }
    return told
  }

  private let late = lease(3, token: 3)

  @Test func aStragglersItemIsRenderedAgainUnderItsOwnLease() {
    var table = evening()
    let told = live(&table, 12)
    #expect(told.grants == [[late]])
    #expect(told.changes == [.leased(token: 3, worker: WorkerID("quick"), shard: 4)])
    #expect(live(&table, 60).grants.isEmpty, "once is enough")
    let hedged = FarmNotice.itemHedged(late.item, late: WorkerID("slow"), by: WorkerID("quick"))
    #expect(table.everyNotice.filter { $0 == hedged }.count == 1, "\(table.everyNotice)")
  }

  @Test func whatIsNotLateIsLeftAlone() {
    var table = evening()
    #expect(live(&table, 4).grants.isEmpty, "10 s are twice the usual 5")
    var patient = evening { $0.hedging.floorSeconds = 60 }
    #expect(live(&patient, 50).grants.isEmpty)
    var off = evening { $0.hedging.multiple = 0 }
    #expect(live(&off, 100).grants.isEmpty)
  }

  @Test func theFirstResultWinsAndTheOtherCopyIsCalledOff() {
    var table = evening()
    _ = live(&table, 12)
    let receipt = table.receipt(late, "quick")
    let told = table.say(.finished(receipt, inline: nil), "quick")
    #expect(told.messages(to: "slow") == [.revoke([late])])
    #expect(told.contains(.collect(receipt, inline: nil, from: WorkerID("quick"))))
    let stored = table.handle(.artifactStored(receipt, from: WorkerID("quick")))
    #expect(stored.contains(.finish(Verdict(outcome: .complete, counts: ItemCounts(done: 3)))))
  }

  @Test func anEqualSecondResultIsAbsorbed() {
    var table = evening()
    _ = live(&table, 12)
    table.finish(late, "quick")
    #expect(
      table.say(.finished(table.receipt(late, "slow"), inline: nil), "slow")
        == [.send(.acknowledge([late]), to: WorkerID("slow"))])
  }

  @Test func aSecondResultWithOtherBytesNamesBothNodes() {
    for isStored in [false, true] {
      var table = evening()
      _ = live(&table, 12)
      let first = table.receipt(late, "quick")
      table.say(.finished(first, inline: nil), "quick")
      if isStored { table.handle(.artifactStored(first, from: WorkerID("quick"))) }
      var second = table.receipt(late, "slow")
      second.facts.sha256 = String(repeating: "0", count: 64)
      let told = table.say(.finished(second, inline: nil), "slow")
      #expect(told.messages(to: "slow") == [.revoke([late])])
      #expect(
        table.notices.first == .digestsDiffer(late.item, worker: WorkerID("slow"), other: WorkerID("quick")),
        "stored \(isStored)")
    }
  }

  @Test func aNodeThatMadeOtherBytesIsQuarantinedWhenThereIsAnother() {
    var table = evening()
    _ = live(&table, 12)
    let first = table.receipt(late, "quick")
    table.say(.finished(first, inline: nil), "quick")
    var second = table.receipt(late, "slow")
    second.facts.sha256 = String(repeating: "0", count: 64)
    table.say(.finished(second, inline: nil), "slow")
    #expect(
      table.notices.contains(
        .workerQuarantined(WorkerID("slow"), reason: "its bytes of item-3 are not those of another worker")))
    #expect(!table.notices.contains { if case .workerQuarantined(WorkerID("quick"), _) = $0 { true } else { false } })
  }

  @Test func anAttemptPaysOnceWhenItsLastCopyHasFailed() {
    for order in [["slow", "quick"], ["quick", "slow"]] {
      var table = evening()
      _ = live(&table, 12)
      #expect(table.say(.failed(late, .itemFault, message: "it threw"), order[0]).changes.isEmpty)
      let told = table.say(.failed(late, .itemFault, message: "it threw"), order[1])
      #expect(told.releases.map(\.costsTry) == [true])
      #expect(table.state.counts == ItemCounts(waiting: 1, done: 2))
    }
  }

  @Test func whatAWorkerSaysThatLostItsCopyTakesNothingFromTheOther() {
    for word in [WorkerMessage.returned([late]), .failed(late, .itemFault, message: "it threw")] {
      var table = evening()
      _ = live(&table, 12)
      table.say(word, "slow")
      #expect(table.say(word, "slow").changes.isEmpty, "it has no copy any more")
      #expect(table.finish(late, "quick").contains { if case .finish = $0 { true } else { false } })
    }
  }

  @Test func aCopyThatIsHandedBackOrLostLeavesTheOtherOne() {
    for word in [WorkerMessage.returned([late]), .goodbye] {
      var table = evening()
      _ = live(&table, 12)
      #expect(table.say(word, "slow").releases.isEmpty)
      #expect(table.finish(late, "quick").contains { if case .finish = $0 { true } else { false } })
    }
    var table = evening()
    _ = live(&table, 12)
    // The slow one falls silent.
    var told: [CoordinatorInstruction] = []
    for progress in 100..<112 {
      told += table.pass(2)
      told += table.beat("quick", executing: [late], progress: UInt64(progress))
    }
    #expect(table.state.workers.map(\.worker) == [WorkerID("quick")])
    #expect(told.releases.isEmpty)
  }

  @Test func aShortageOfOneLeavesTheOtherCopy() {
    var table = Table.open(items: 10) { policy in
      policy.credit = 1
      policy.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 2, minItems: 2)
    }
    table.join("quick", credit: 1)
    table.join("slow", credit: 1)
    let slows = table.held("slow").map(\.item)
    #expect(slows.count == 2, "a shard of two")
    var hedged: Lease?
    for second in stride(from: 0, to: 60, by: 2) where hedged == nil {
      table.pass(2)
      table.beat("slow", executing: table.held("slow"), progress: UInt64(second + 1))
      for mine in table.held("quick") where !slows.contains(mine.item) { table.finish(mine, "quick") }
      let told = table.say(.ready(credit: 1), "quick") + table.beat("quick")
      hedged = told.grants.joined().first { slows.contains($0.item) }
    }
    guard let hedged else {
      Issue.record("nothing was hedged")
      return
    }
    let told = table.say(.failed(hedged, .shortage, message: "out of memory"), "slow")
    #expect(told.releases.isEmpty && told.messages(to: "quick").isEmpty, "\(told)")
    #expect(table.finish(hedged, "quick").changes.contains { if case .done = $0 { true } else { false } })
  }

  @Test func aSilentStragglerIsNotHedged() {
    var table = evening()
    var told: [CoordinatorInstruction] = []
    for _ in 0..<9 {
      told += table.pass(2)
      told += table.beat("quick")
    }
    #expect(told.grants.isEmpty, "its lease runs out by itself, and a poison item takes one worker down at a time")
  }

  @Test func bothCopiesOutliveTheirCoordinator() {
    var before = evening()
    _ = live(&before, 12)
    var table = Table.open(items: 3, replaying: before.journal) { $0.credit = 1 }
    #expect(
      table.join("slow", credit: 0, holding: [late]) == [.record([renewed(late, by: "slow", in: 5)]), welcome("slow")])
    #expect(table.join("quick", credit: 0, holding: [late]) == [welcome("quick")], "nothing is revoked")
    #expect(table.beat("slow", executing: [late], progress: 1).messages(to: "slow") == [.heartbeat])
    #expect(table.beat("quick", executing: [late], progress: 1).messages(to: "quick") == [.heartbeat])
    #expect(table.finish(late, "slow").contains { if case .finish = $0 { true } else { false } })
  }
}
