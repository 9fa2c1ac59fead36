import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

@Suite struct WorkerRenderingTests {
  @Test func aGrantIsRenderedAtOnceAndSaidToBe() {
    var table = WorkerTable.welcomed()
    #expect(
      table.hear(.grant(shard(1, 1, 2))) == [
        .render(shard(1, 1, 2), run: "night"), .beat(executing: [lease(1, token: 1), lease(2, token: 2)]),
      ])
  }

  @Test func thePrefetchedShardFollowsWithoutAWord() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    #expect(table.hear(.grant(shard(2, 2))).isEmpty)
    table.handle(.itemFinished(receipt(1)))
    #expect(
      table.handle(.shardEnded(1)) == [.render(shard(2, 2), run: "night"), .beat(executing: [lease(2, token: 2)])])
  }

  @Test func anIdleWorkerSaysThatItHasRoom() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    table.handle(.itemFinished(receipt(1)))
    #expect(table.handle(.shardEnded(1)) == [.beat(executing: []), .send(.ready(credit: 2))])
  }

  @Test func aResultStaysInTheOutboxUntilItIsAcknowledged() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    #expect(table.handle(.itemFinished(receipt(1))) == [.deliver(receipt(1))])
    #expect(table.state.unacknowledged == 1)
    #expect(table.hear(.acknowledge([lease(1, token: 1)])) == [.discard([lease(1, token: 1)])])
    #expect(table.state.unacknowledged == 0)
    #expect(table.hear(.acknowledge([lease(1, token: 1)])).isEmpty)
  }

  @Test func aResultIsDeliveredAgainUntilItIsAcknowledged() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    table.handle(.itemFinished(receipt(1)), .shardEnded(1))
    var deliveries = 0
    for _ in 0..<30 {
      table.hear(.heartbeat)
      deliveries += table.pass(1).filter { $0 == .deliver(receipt(1)) }.count
    }
    #expect(deliveries == 7, "every two heartbeats of 2 s")
  }

  @Test func aFetchIsServedFromTheOutbox() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    table.handle(.itemFinished(receipt(1)))
    #expect(
      table.hear(.fetch(lease(1, token: 1), offset: 4, length: 8))
        == [.serve(lease(1, token: 1), offset: 4, length: 8)])
    #expect(
      table.hear(.fetch(lease(9, token: 9), offset: 0, length: 8)) == [.send(.returned([lease(9, token: 9)]))],
      "what is not there is given back")
  }

  @Test func aFailureIsReportedWithItsClass() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1, 2)))
    #expect(
      table.handle(.itemFailed(lease(1, token: 1), RenderFault(.shortage, "out of memory")))
        == [.send(.failed(lease(1, token: 1), .shortage, message: "out of memory"))])
    #expect(table.state.executing == [lease(2, token: 2)])
  }

  @Test func itemsThatARenderCallLeftUndecidedAreHandedBack() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1, 2)))
    table.handle(.itemFinished(receipt(1)))
    #expect(table.handle(.shardEnded(1)).first == .send(.returned([lease(2, token: 2)])))
  }

  @Test func aRevokedShardIsCalledOff() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1, 2)))
    #expect(table.hear(.revoke([lease(1, token: 1)])).isEmpty, "the other one is still wanted")
    #expect(table.hear(.revoke([lease(2, token: 2)])) == [.cancelRender(shard: 1)])
    #expect(table.hear(.revoke([lease(2, token: 2)])).isEmpty, "once")
    #expect(table.handle(.shardEnded(1)) == [.beat(executing: []), .send(.ready(credit: 2))])
  }

  @Test func aResultThatWasRevokedWhileItWasRenderedIsThrownAway() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1, 2)))
    table.hear(.revoke([lease(1, token: 1)]))
    #expect(table.handle(.itemFinished(receipt(1))) == [.discard([lease(1, token: 1)])])
    #expect(table.state.unacknowledged == 0)
  }

  @Test func aRevokedLeaseLeavesQueueAndOutbox() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    table.hear(.grant(shard(2, 2, 3)))
    table.handle(.itemFinished(receipt(1)))
    #expect(
      table.hear(.revoke([lease(1, token: 1), lease(2, token: 2)])) == [.discard([lease(1, token: 1)])])
    #expect(table.handle(.shardEnded(1)).first == .render(shard(2, 3), run: "night"))
  }

  @Test func aDoubledGrantIsRenderedOnce() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    #expect(table.hear(.grant(shard(1, 1))).isEmpty)
    table.handle(.itemFinished(receipt(1)))
    table.handle(.shardEnded(1))
    #expect(table.hear(.grant(shard(1, 1))).isEmpty, "it waits in the outbox")
  }
}
