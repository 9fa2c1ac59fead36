import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// A night on which nothing works.
@Suite struct EarlyStopTests {
  private static func quick(_ policy: inout FarmPolicy) {
    policy.earlyStop.items = 4
    policy.earlyStop.shards = 3
    policy.credit = 1
  }

  private func isStoppedEarly(_ told: [CoordinatorInstruction]) -> Bool {
    told.contains { if case .finish(let verdict) = $0 { verdict.outcome == .stoppedEarly } else { false } }
  }

  @Test func aRunInWhichEverybodyFailsAlikeStopsEarlyAndSaysWhy() {
    var table = Table.open(items: 20, Self.quick)
    table.join("a", credit: 1)
    table.join("b", credit: 1)
    var told: [CoordinatorInstruction] = []
    for number in 1...4 {
      #expect(!isStoppedEarly(told))
      let name = number % 2 == 1 ? "a" : "b"
      let item = table.held(name)[0].item
      told = table.fail(name, message: "\(item.row): weights of layer \(number) are not finite")
    }
    guard case .finish(let verdict)? = told.last else { return #expect(Bool(false), "\(told)") }
    #expect(verdict.outcome == .stoppedEarly)
    #expect(verdict.counts == ItemCounts(waiting: 20))
    #expect(
      verdict.reason
        == "each of 2 workers failed its first items with one error, and nothing was rendered (4 items): "
        + "item-1: weights of layer 1 are not finite; mend that and run the same command again (or set earlyStop.items to 0)"
    )
    #expect(told.messages(to: "a").last == .drain && told.messages(to: "b").last == .drain)
  }

  @Test func theItemsGetTheirTriesBackAndTheSameCommandBeginsAfresh() {
    var before = Table.open(items: 20) { policy in
      Self.quick(&policy)
      policy.retry.limit = 1
    }
    before.join("a", credit: 1)
    var told: [CoordinatorInstruction] = []
    for _ in 0..<20 where !isStoppedEarly(told) { told = before.fail("a") }
    #expect(before.journal.filter { if case .died = $0.change { true } else { false } }.count == 4)
    #expect(told.contains(.retract(before.key(1))), "the line in errors.jsonl goes too")
    var table = Table.open(items: 20, replaying: before.journal, Self.quick)
    #expect(table.state.counts == ItemCounts(waiting: 20))
    table.join("a", credit: 1)
    #expect(table.finish(table.held("a")[0], "a").releases.isEmpty)
  }

  @Test func oneResultMeansThatTheModelIsSound() {
    var table = Table.open(items: 20, Self.quick)
    table.join("a", credit: 1)
    table.finish(lease(1, token: 1), "a")
    for _ in 0..<12 { #expect(!isStoppedEarly(table.fail("a"))) }
  }

  /// A night that was down to its poison stopped early, gave the tries back, and did so at each resumption.
  @Test func aResumedRunThatHadResultsGivesTheRestItsTries() {
    var before = Table.open(items: 7, Self.quick)
    before.join("a", credit: 1)
    before.finish(lease(1, token: 1), "a")
    var table = Table.open(items: 7, replaying: before.journal, Self.quick)
    // What the earlier life had leased may be on its way for so long.
    table.pass(31)
    table.join("a", credit: 1)
    for _ in 0..<6 {
      table.say(.ready(credit: 1), "a")
      #expect(!isStoppedEarly(table.fail("a")))
    }
  }

  @Test func differentErrorsAreTheItemsOwn() {
    var table = Table.open(items: 20, Self.quick)
    table.join("a", credit: 1)
    for number in 1...12 {
      #expect(!isStoppedEarly(table.fail("a", message: number == 2 ? "silent" : "not finite")))
    }
  }

  @Test func aWorkerThatMayYetSucceedIsWaitedFor() {
    var table = Table.open(items: 20, Self.quick)
    table.join("a", credit: 1)
    table.join("b", credit: 1)
    for _ in 0..<6 { #expect(!isStoppedEarly(table.fail("a"))) }
    #expect(isStoppedEarly(table.fail("b")))
  }

  @Test func aShardSpoiltAsAWholeIsOneOccasion() {
    var table = Table.open(items: 64) { policy in
      Self.quick(&policy)
      policy.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 16, minItems: 16)
    }
    table.join("a", credit: 1)
    for _ in 0..<32 { #expect(!isStoppedEarly(table.fail("a"))) }
    #expect(isStoppedEarly(table.fail("a")), "in the third shard")
  }

  @Test func badRowsAndShortagesStopNothing() {
    for failureClass in [FailureClass.badItem, .shortage, .preempted] {
      var table = Table.open(items: 20, Self.quick)
      table.join("a", credit: 1)
      for _ in 0..<12 {
        #expect(!isStoppedEarly(table.fail("a", failureClass)))
        table.pass(0)
        for _ in 0..<400 where table.held("a").isEmpty {
          table.pass(2)
          table.beat("a")
          table.say(.ready(credit: 1), "a")
        }
      }
    }
  }

  @Test func aSmallRunGivesAllTriesInstead() {
    var table = Table.open(items: 3, Self.quick)
    table.join("a", credit: 1)
    var told: [CoordinatorInstruction] = []
    for _ in 0..<9 {
      told = table.fail("a")
      for _ in 0..<10 where table.held("a").isEmpty {
        table.pass(2)
        table.beat("a")
      }
    }
    #expect(told.last == .finish(Verdict(outcome: .complete, counts: ItemCounts(dead: 3))))
  }

  @Test func earlyStopOffRunsToTheEnd() {
    var table = Table.open(items: 20) { policy in
      Self.quick(&policy)
      policy.earlyStop.items = 0
    }
    table.join("a", credit: 1)
    for _ in 0..<20 { #expect(!isStoppedEarly(table.fail("a"))) }
  }
}
