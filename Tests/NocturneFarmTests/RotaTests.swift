import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// One worker, several runs: the urgent one first.
@Suite struct RotaTests {
  @Test func aRunWithoutWorkSendsTheWorkerToTheNextAndItAsksFromTheTopAfterEachShard() {
    var rota = Rota(count: 3)
    #expect(rota.current == 0)
    #expect(rota.visit(idleSeconds: 1) == WorkerPolicy.Visit(idleSeconds: 1, shards: nil))
    rota.take(.idle(hasWorked: true))
    #expect(rota.current == 1, "the first had work, and has none left")
    #expect(rota.visit(idleSeconds: 1) == WorkerPolicy.Visit(idleSeconds: 1, shards: 1))
    rota.take(.idle(hasWorked: true))
    #expect(rota.current == 0)
    rota.take(.idle(hasWorked: false))
    rota.take(.unreachable("no answer"))
    #expect(rota.current == 2)
    rota.take(.stopped)
    #expect(rota.current == 0)
  }

  @Test func aRunThatIsOverOrRefusesIsNotAskedAgainAndTheLastOneKeepsTheWorker() {
    var rota = Rota(count: 3)
    rota.take(.refused("another model"))
    #expect(rota.current == 1)
    rota.take(.idle(hasWorked: false))
    rota.take(.finished)
    #expect(rota.current == 1)
    #expect(rota.visit(idleSeconds: 1) == nil)
    rota.take(.unreachable("gone"))
    #expect(rota.current == 1)
    rota.take(.finished)
    #expect(rota.current == nil)
  }

  @Test func aVisitorLeavesWhenNothingComes() {
    var table = WorkerTable.welcomed { $0.visit = .init(idleSeconds: 1, shards: nil) }
    #expect(table.pass(0.9).isEmpty)
    #expect(table.pass(0.2) == [.send(.goodbye), .exit(.idle(hasWorked: false))])
  }

  @Test func aVisitorOfOneShardSaysSoAndLeavesWhenItIsDelivered() {
    var table = WorkerTable.welcomed { $0.visit = .init(idleSeconds: 1, shards: 1) }
    let told = table.hear(.grant(shard(1, 1)))
    #expect(told.first == .send(.ready(credit: 0)))
    table.handle(.itemFinished(receipt(1)))
    table.handle(.shardEnded(1))
    #expect(table.pass(1.5).allSatisfy { if case .exit = $0 { false } else { true } }, "it is not acknowledged yet")
    #expect(table.hear(.acknowledge([lease(1, token: 1)])) == [.discard([lease(1, token: 1)])])
    #expect(table.pass(0.3) == [.send(.goodbye), .exit(.idle(hasWorked: true))])
  }

  @Test func aVisitorThatBringsTheLastShardHearsThatTheRunIsOver() {
    var table = WorkerTable.welcomed { $0.visit = .init(idleSeconds: 1, shards: 1) }
    table.hear(.grant(shard(1, 1)))
    table.handle(.itemFinished(receipt(1)), .shardEnded(1))
    table.hear(.acknowledge([lease(1, token: 1)]))
    #expect(table.hear(.finished) == [.send(.goodbye), .exit(.finished)])
  }

  @Test func aWorkerThatWantsNoMoreGetsNoMoreUntilItSpeaksOfRoom() {
    var table = Table.open(items: 3)
    table.join("a", credit: 1)
    table.say(.ready(credit: 0), "a")
    table.finish(lease(1, token: 1), "a")
    #expect(table.state.counts == ItemCounts(waiting: 2, done: 1))
    #expect(table.say(.ready(credit: 1), "a").grants.count == 1)
  }
}
