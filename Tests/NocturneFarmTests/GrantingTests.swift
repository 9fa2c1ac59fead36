import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

@Suite struct GrantingTests {
  @Test func aWorkerGetsOneShardToRenderAndOneToPrefetch() {
    var table = Table.open(items: 3)
    #expect(
      table.join("a") == [welcome("a")] + granted(1, [lease(1, token: 1)], to: "a")
        + granted(2, [lease(2, token: 2)], to: "a"))
  }

  @Test func theNextShardGoesOutAsSoonAsOneIsFinished() {
    var table = Table.open(items: 4)
    table.join("a")
    let receipt = table.receipt(lease(1, token: 1), "a")
    #expect(
      table.say(.finished(receipt, inline: nil), "a")
        == [.collect(receipt, inline: nil, from: WorkerID("a"))] + granted(3, [lease(3, token: 3)], to: "a"))
  }

  @Test func aWorkerThatHoldsNothingComesBeforeOneThatCouldPrefetch() {
    var table = Table.open(items: 2)
    table.join("a", credit: 1)
    table.join("c", credit: 1)
    table.say(.ready(credit: 1), "a")
    table.join("b", credit: 1)
    // `a`, which renders one, has been waiting for longer than `b`, which has nothing to do.
    table.say(.returned([lease(2, token: 2)]), "c")
    #expect(table.state.workers.map(\.leased) == [1, 1, 0])
  }

  @Test func whatComesBackGoesOutAgainBeforeWhatIsFresh() {
    var table = Table.open(items: 4)
    table.join("a", credit: 1)
    table.join("b", credit: 1)
    table.say(.returned([lease(1, token: 1)]), "a")
    #expect(table.say(.ready(credit: 1), "a").grants == [[lease(1, attempt: 2, token: 3)]])
    table.say(.returned([lease(2, token: 2)]), "b")
    #expect(table.say(.ready(credit: 1), "b").grants == [[lease(2, attempt: 2, token: 4)]])
    #expect(table.finish(lease(1, attempt: 2, token: 3), "a").count == 3)
    #expect(table.state.workers.map(\.leased) == [1, 1], "and then item 3")
    #expect(table.journal.last { if case .leased = $0.change { true } else { false } }?.item == table.key(3))
  }

  @Test func nothingIsGrantedWithoutCredit() {
    var table = Table.open(items: 2)
    #expect(table.join("a", credit: 0) == [welcome("a")])
    #expect(table.say(.ready(credit: 1), "a").grants == [[lease(1, token: 1)]])
  }

  @Test func aWorkerNeverHoldsMoreShardsThanThePolicyAllows() {
    var table = Table.open(items: 9)
    table.join("a", credit: 7)
    #expect(table.say(.ready(credit: 7), "a").grants.isEmpty)
    #expect(table.state.workers.map(\.leased) == [2])
  }

  @Test func aShardHoldsItemsOfOneKindInManifestOrder() {
    var long = RenderSpec()
    long.seconds = 30
    var table = Table.open(items: 8, specs: [RenderSpec(), long]) {
      $0.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 8, minItems: 8)
    }
    // Eight items, one worker: at most a half of what is left.
    let grants = table.join("a").grants
    #expect(grants.map { $0.map(\.item) } == [[1, 3, 5, 7].map(table.key), [2, 4].map(table.key)])
  }

  @Test func formatsMayRideTogether() {
    var wave = RenderSpec()
    wave.format = .wav
    var table = Table.open(items: 4, specs: [RenderSpec(), wave]) {
      $0.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 8, minItems: 8)
    }
    #expect(table.join("a", credit: 1).grants.map(\.count) == [2])
  }

  @Test func shardsShrinkTowardsTheEndSoThatAllFinishTogether() {
    var table = Table.open(items: 32) {
      $0.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 16, minItems: 16)
    }
    let first = table.join("a").grants.map(\.count)
    let second = table.join("b").grants.map(\.count)
    #expect(first == [16, 8])
    #expect(second == [2, 2])
  }

  @Test func aShardIsAsLargeAsTheWorkerRendersInTheTargetTime() {
    var table = Table.open(items: 100) {
      $0.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 16, minItems: 1)
    }
    table.join("a", credit: 1)
    table.advance(10)
    // 10 s an item: six in a minute.
    let told = table.finish(lease(1, token: 1), "a")
    #expect(told.grants.isEmpty, "granted at the finish already")
    #expect(table.state.workers.map(\.leased) == [6])
  }

  @Test func aNewWorkerIsTakenToBeAsFastAsTheOthers() {
    var table = Table.open(items: 100) {
      $0.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 16, minItems: 1)
    }
    table.join("a", credit: 1)
    table.advance(20)
    table.finish(lease(1, token: 1), "a")
    #expect(table.join("b", credit: 1).grants.map(\.count) == [3])
  }

  /// A worker on its way home got its items back as fast as it returned them, and the journal filled up.
  @Test func whoHandsWorkBackGetsNothingMoreUntilItSpeaksOfRoom() {
    var table = Table.open(items: 4)
    table.join("a")
    #expect(table.say(.returned([lease(2, token: 2)]), "a").grants.isEmpty)
    #expect(table.beat("a", executing: [lease(1, token: 1)], progress: 1).grants.isEmpty)
    #expect(table.say(.ready(credit: 1), "a").grants == [[lease(2, attempt: 2, token: 3)]])
  }

  @Test func anUndeliveredGrantGoesToTheNextWorkerAtNoCost() {
    var table = Table.open(items: 1)
    table.join("a")
    let told = table.handle(.grantUndelivered(shard: 1, to: WorkerID("a")))
    #expect(told.releases.map(\.costsTry) == [false])
    #expect(told.grants.isEmpty, "it would not leave a second time either")
    #expect(table.join("b").grants == [[lease(1, attempt: 2, token: 2)]])
  }

  @Test func whatAGrantHadNoRoomForGoesOutInTheNextOne() {
    var table = Table.open(items: 3) { $0.sharding = ShardingPolicy(targetSeconds: 1e9, maxItems: 3, minItems: 3) }
    #expect(table.join("a").grants.first?.count == 2)
    let told = table.handle(.grantCut([lease(2, token: 2)], from: WorkerID("a")))
    #expect(told.releases.map(\.costsTry) == [false])
    #expect(table.join("b").grants == [[lease(2, attempt: 2, token: 4)]])
  }

  @Test func aWorkerThatDeliversFasterThanWeStoreHasToWait() {
    var table = Table.open(items: 9) { $0.uncollectedLimit = 2 }
    table.join("a")
    #expect(table.say(.finished(table.receipt(lease(1, token: 1), "a"), inline: nil), "a").grants.count == 1)
    #expect(table.say(.finished(table.receipt(lease(2, token: 2), "a"), inline: nil), "a").grants.isEmpty)
    let stored = table.handle(.artifactStored(table.receipt(lease(1, token: 1), "a"), from: WorkerID("a")))
    #expect(stored.grants == [[lease(4, token: 4)]])
  }
}
