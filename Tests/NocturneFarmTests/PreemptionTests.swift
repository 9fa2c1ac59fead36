import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// A machine that will be taken away at a known time.
@Suite struct PreemptionTests {
  /// Taken away after 100 s, of which the last 5 are for leaving; 10 s an item were measured.
  private func measured() -> WorkerTable {
    var table = WorkerTable.welcomed {
      $0.endsAt = .zero + 100
      $0.endMarginSeconds = 5
    }
    table.hear(.grant(shard(1, 1, 2)))
    table.advance(20)
    table.handle(.itemFinished(receipt(1)), .itemFinished(receipt(2)), .shardEnded(1))
    table.hear(.acknowledge([lease(1, token: 1), lease(2, token: 2)]))
    return table
  }

  @Test func whatFitsIsRendered() {
    var table = measured()
    let told = table.hear(.grant(shard(2, 3, 4, 5, 6, 7, 8, 9)))
    #expect(told.first == .render(shard(2, 3, 4, 5, 6, 7, 8, 9), run: "night"), "70 s of 75")
  }

  @Test func ofAShardThatDoesNotFitTheRestIsHandedBackUncounted() {
    var table = measured()
    table.advance(50)
    table.hear(.heartbeat)
    let told = table.hear(.grant(shard(2, 3, 4, 5)))
    #expect(told.first == .send(.returned([lease(5, token: 5)])))
    #expect(told.contains(.render(shard(2, 3, 4), run: "night")), "20 s of 25")
    #expect(table.notices == ["the allocation ends before 1 more could be rendered; handing them back"])
    // What comes after is not taken, and when the rest is done the worker goes.
    #expect(table.hear(.grant(shard(3, 6))) == [.send(.returned([lease(6, token: 6)]))])
    table.handle(.itemFinished(receipt(3)), .itemFinished(receipt(4)), .shardEnded(2))
    #expect(
      table.hear(.acknowledge([lease(3, token: 3), lease(4, token: 4)])).suffix(2)
        == [.send(.goodbye), .exit(.stopped)])
  }

  @Test func whereNothingFitsEverythingIsHandedBackAndTheWorkerLeaves() {
    var table = measured()
    table.advance(70)
    table.hear(.heartbeat)
    #expect(
      table.hear(.grant(shard(2, 3, 4)))
        == [.send(.returned([lease(3, token: 3), lease(4, token: 4)])), .send(.goodbye), .exit(.stopped)])
  }

  @Test func aWorkerThatMisjudgedTheEndHandsBackWhatItRendersAndLeavesInTime() {
    var table = WorkerTable.welcomed {
      $0.endsAt = .zero + 12
      $0.endMarginSeconds = 2
    }
    table.hear(.grant(shard(1, 1)))
    table.hear(.grant(shard(2, 2)))
    #expect(!table.pass(9.9).contains(.exit(.stopped)))
    let told = table.pass(0.2)
    #expect(
      told.suffix(3) == [
        .send(.returned([lease(1, token: 1), lease(2, token: 2)])), .send(.goodbye), .exit(.stopped),
      ])
  }

  @Test func anotherKindOfItemIsTriedAtItsOwnPace() {
    var table = measured()
    table.advance(70)
    table.hear(.heartbeat)
    var short = RenderSpec()
    short.seconds = 1
    let items = [LeasedItem(lease: lease(3, token: 3), item: .sample(3, spec: short))]
    #expect(table.hear(.grant(Shard(id: 2, items: items))).first == .render(Shard(id: 2, items: items), run: "night"))
  }

  @Test func theCoordinatorTakesItBackAtNoCost() {
    var table = Table.open(items: 2)
    table.join("a")
    let told = table.say(.returned([lease(1, token: 1), lease(2, token: 2)]), "a")
    #expect(told.releases.map(\.failureClass) == [.preempted, .preempted])
    #expect(told.releases.allSatisfy { !$0.costsTry })
  }
}
