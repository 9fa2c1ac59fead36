import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

@Suite struct FailureTests {
  private func fail(
    _ table: inout Table, _ lease: Lease, _ name: String, _ failureClass: FailureClass = .itemFault
  ) -> [CoordinatorInstruction] {
    table.say(.failed(lease, failureClass, message: "it threw"), name)
  }

  @Test func aFailedItemPaysATryAndWaitsForItsRetry() {
    var table = Table.open(items: 1)
    table.join("a")
    let release = Release(
      failureClass: .itemFault, message: "it threw", worker: WorkerID("a"), costsTry: true, open: false,
      delaySeconds: 5)
    #expect(
      fail(&table, lease(1, token: 1), "a")
        == [.record([Transition(item: table.key(1), attempt: 1, change: .released(release))])])
    #expect(table.pass(4.9).isEmpty)
    #expect(table.pass(0.2) == granted(2, [lease(1, attempt: 2, token: 2)], to: "a"))
  }

  @Test func theRetryGoesToAnotherWorkerWhileThereIsOne() {
    var table = Table.open(items: 1)
    table.join("a")
    table.join("b")
    _ = fail(&table, lease(1, token: 1), "a")
    #expect(table.pass(6) == granted(2, [lease(1, attempt: 2, token: 2)], to: "b"))
    // Both failed it: either will do.
    _ = fail(&table, lease(1, attempt: 2, token: 2), "b")
    #expect(table.pass(11).grants == [[lease(1, attempt: 3, token: 3)]])
  }

  @Test func theRetryWaitsForTheOtherWorkerEvenIfThatIsBusy() {
    var table = Table.open(items: 2)
    table.join("a", credit: 1)
    table.join("b", credit: 1)
    _ = fail(&table, lease(1, token: 1), "a")
    table.beat("b", executing: [lease(2, token: 2)], progress: 1)
    table.beat("a")
    #expect(table.pass(6).grants.isEmpty)
    #expect(table.finish(lease(2, token: 2), "b").grants.isEmpty)
    #expect(table.state.workers.map(\.leased) == [0, 1])
  }

  @Test func aFarmOfOneGivesAllTriesAndThenTheItemIsDead() {
    var table = Table.open(items: 1)
    table.join("a")
    _ = fail(&table, lease(1, token: 1), "a")
    table.pass(6)
    _ = fail(&table, lease(1, attempt: 2, token: 2), "a")
    table.beat("a")
    table.pass(11)
    let told = fail(&table, lease(1, attempt: 3, token: 3), "a")
    let dead = DeadItem(
      item: table.key(1), failureClass: .itemFault, message: "it threw", attempts: 3, workers: [WorkerID("a")])
    #expect(
      told == [
        .record([
          Transition(
            item: table.key(1), attempt: 3,
            change: .died(.itemFault, message: "it threw", worker: WorkerID("a")))
        ]),
        .report(dead),
        .send(.finished, to: WorkerID("a")),
        .finish(Verdict(outcome: .complete, counts: ItemCounts(dead: 1))),
      ])
  }

  @Test func theBackoffDoublesUpToItsLimit() {
    var table = Table.open(items: 1) { $0.retry.limit = 9 }
    table.join("a")
    var delays: [Double] = []
    for attempt in 1...4 {
      let token = UInt64(attempt)
      let told = fail(&table, lease(1, attempt: attempt, token: token), "a")
      delays += told.releases.map(\.delaySeconds)
      for _ in 0..<4 {
        table.pass(5)
        table.beat("a")
      }
    }
    #expect(delays == [5, 10, 15, 15])
  }

  @Test func jitterSpreadsTheRetriesAndFollowsTheSeed() {
    func delays(seed: UInt64) -> [Double] {
      var policy = Table.plainPolicy()
      policy.retry.jitter = 0.5
      var random = SeededGenerator(seed: seed)
      var state = CoordinatorState(run: RunIdentity(name: "night", modelFingerprint: nil), policy: policy)
      let items = (1...8).map { ItemEntry(Item.sample($0)) }
      _ = state.handle(.itemsLoaded(items), now: .zero, using: &random)
      _ = state.handle(.started, now: .zero, using: &random)
      var told = state.handle(.messageReceived(.hello(.sample("a")), from: WorkerID("a")), now: .zero, using: &random)
      var found: [Double] = []
      for _ in 0..<8 {
        guard let lease = told.grants.first?.first else { break }
        let failed = WorkerMessage.failed(lease, .itemFault, message: "it threw")
        told = state.handle(.messageReceived(failed, from: WorkerID("a")), now: .zero, using: &random)
        found += told.releases.map(\.delaySeconds)
      }
      return found
    }
    let first = delays(seed: 1)
    #expect(first.allSatisfy { (2.5...7.5).contains($0) })
    #expect(Set(first).count == first.count && first.count > 3)
    #expect(first == delays(seed: 1))
    #expect(first != delays(seed: 2))
  }

  @Test func aBadItemIsDeadAtOnce() {
    var table = Table.open(items: 2)
    table.join("a")
    let told = fail(&table, lease(1, token: 1), "a", .badItem)
    #expect(told.changes == [.died(.badItem, message: "it threw", worker: WorkerID("a"))])
    #expect(table.state.counts.dead == 1)
  }

  @Test func aRejectedArtifactIsAFaultOfTheItemAndLeavesTheOutbox() {
    var table = Table.open(items: 1)
    table.join("a", credit: 1)
    let receipt = table.receipt(lease(1, token: 1), "a")
    table.say(.finished(receipt, inline: nil), "a")
    let told = table.handle(.artifactRejected(receipt, reason: "digest differs", from: WorkerID("a")))
    #expect(told.releases.map(\.costsTry) == [true])
    #expect(told.messages(to: "a") == [.revoke([receipt.lease])])
    // The same receipt again is stale now.
    #expect(
      table.say(.finished(receipt, inline: nil), "a") == [.send(.revoke([receipt.lease]), to: WorkerID("a"))])
  }

  @Test func aDoubledFailurePaysOnce() {
    var table = Table.open(items: 1)
    table.join("a")
    _ = fail(&table, lease(1, token: 1), "a")
    #expect(fail(&table, lease(1, token: 1), "a").isEmpty)
  }

  @Test func aPreemptedOrCutOffItemPaysNothing() {
    for failureClass in [FailureClass.preempted, .infrastructure] {
      var table = Table.open(items: 1)
      table.join("a")
      #expect(fail(&table, lease(1, token: 1), "a", failureClass).releases.map(\.costsTry) == [false])
    }
  }

  @Test func aShortageCostsNothingAndPausesTheWorkerLongerEachTime() {
    var table = Table.open(items: 1)
    table.join("a")
    let told = fail(&table, lease(1, token: 1), "a", .shortage)
    #expect(told.releases.map(\.costsTry) == [false])
    #expect(told.grants.isEmpty)
    #expect(table.notices == [.workerPaused(WorkerID("a"), seconds: 10, message: "it threw")])
    table.pass(9)
    table.beat("a")
    #expect(table.pass(1.1).grants == [[lease(1, attempt: 2, token: 2)]])
    _ = fail(&table, lease(1, attempt: 2, token: 2), "a", .shortage)
    #expect(table.notices == [.workerPaused(WorkerID("a"), seconds: 20, message: "it threw")])
  }

  @Test func whatDidNotFitIsTriedInSmallerShards() {
    var table = Table.open(items: 8) {
      $0.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 4, minItems: 4)
    }
    table.join("a", credit: 1)
    let four = (1...4).map { lease($0, token: UInt64($0)) }
    #expect(fail(&table, four[0], "a", .shortage).releases.map(\.shardLimit) == [2])
    #expect(table.join("b", credit: 1).grants.map(\.count) == [1])
  }

  @Test func aFullDiskPausesTheRunAndTheResultIsCollectedAgain() {
    var table = Table.open(items: 4)
    table.join("a")
    let receipt = table.receipt(lease(1, token: 1), "a")
    table.say(.finished(receipt, inline: nil), "a")
    let told = table.handle(.storageFell(receipt, message: "disk full", from: WorkerID("a")))
    #expect(told.isEmpty)
    #expect(table.notices == [.runPaused(seconds: 10, message: "disk full")])
    // Nothing is granted, and another result has to wait.
    let second = table.receipt(lease(2, token: 2), "a")
    #expect(table.say(.finished(second, inline: nil), "a").isEmpty)
    table.beat("a")
    let resumed = table.pass(10)
    #expect(
      resumed.prefix(2) == [
        .collect(receipt, inline: nil, from: WorkerID("a")), .collect(second, inline: nil, from: WorkerID("a")),
      ])
    #expect(resumed.grants == [[lease(4, token: 4)]])
    #expect(resumed.releases.isEmpty)
  }
}
