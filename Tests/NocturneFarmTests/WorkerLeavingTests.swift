import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

@Suite struct WorkerLeavingTests {
  @Test func anIdleWorkerLeavesAtOnceWhenTheRunIsFinished() {
    var table = WorkerTable.welcomed()
    #expect(table.hear(.finished) == [.send(.goodbye), .exit(.finished)])
    #expect(WorkerExit.finished.status == 0)
  }

  @Test func aDrainedWorkerFinishesWhatExecutesAndHandsBackTheRest() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    table.hear(.grant(shard(2, 2, 3)))
    #expect(table.hear(.drain) == [.send(.returned([lease(2, token: 2), lease(3, token: 3)]))])
    #expect(table.handle(.itemFinished(receipt(1))) == [.deliver(receipt(1))])
    #expect(table.handle(.shardEnded(1)).isEmpty, "the acknowledgement is waited for")
    #expect(
      table.hear(.acknowledge([lease(1, token: 1)]))
        == [.discard([lease(1, token: 1)]), .send(.goodbye), .exit(.stopped)])
    #expect(WorkerExit.stopped.status == 75)
  }

  @Test func aSignalDrainsAndASecondOneLeavesNow() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    #expect(table.handle(.stopRequested).isEmpty)
    #expect(table.notices.count == 1)
    #expect(
      table.handle(.stopRequested) == [.send(.returned([lease(1, token: 1)])), .send(.goodbye), .exit(.stopped)])
  }

  @Test func whoIsExhaustedBlamesNoItemHandsBackTheRestAndLeavesWhenHeard() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1, 2)))
    table.hear(.grant(shard(2, 3)))
    table.handle(.itemFinished(receipt(1)))
    let told = table.handle(.exhausted("out of memory"))
    #expect(
      told == [
        .send(.failed(lease(2, token: 2), .shortage, message: "out of memory")),
        .send(.returned([lease(3, token: 3)])),
      ], "\(told)")
    #expect(
      table.hear(.acknowledge([lease(1, token: 1)]))
        == [.discard([lease(1, token: 1)]), .send(.goodbye), .exit(.exhausted("out of memory"))])
    #expect(WorkerExit.exhausted("").status == 75)
  }

  @Test func whoIsExhaustedWhileTheCoordinatorIsAwayTellsItWhenItIsBack() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    table.pass(25)
    #expect(!table.handle(.exhausted("out of memory")).contains { if case .exit = $0 { true } else { false } })
    let told = table.hear(.welcome(run: "night", heartbeatSeconds: 2, timeoutSeconds: 20))
    #expect(told.contains(.send(.failed(lease(1, token: 1), .shortage, message: "out of memory"))), "\(told)")
    #expect(told.last == .exit(.exhausted("out of memory")), "\(told)")
  }

  @Test func aGrantThatCrossesTheStopIsHandedBack() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    table.handle(.stopRequested)
    #expect(table.hear(.grant(shard(2, 2))) == [.send(.returned([lease(2, token: 2)]))])
  }

  @Test func whatIsNotAcknowledgedInTimeStaysInTheOutbox() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    table.handle(.itemFinished(receipt(1)), .stopRequested, .shardEnded(1))
    let told = table.pass(11)
    #expect(told.last == .exit(.stopped))
    #expect(!told.contains { if case .discard = $0 { true } else { false } })
  }

  @Test func aFinishedRunCallsTheRenderingOff() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    #expect(table.hear(.finished) == [.cancelRender(shard: 1)])
    #expect(table.handle(.shardEnded(1)) == [.send(.goodbye), .exit(.finished)])
  }

  @Test func aSignalBeforeTheWelcomeLeavesAtOnce() {
    var table = WorkerTable()
    table.handle(.started)
    #expect(table.handle(.stopRequested) == [.exit(.stopped)])
  }
}
