import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

@Suite struct WorkerConnectionTests {
  private func hello(holding: [Lease] = [], credit: Int = 2) -> WorkerInstruction {
    .send(.hello(.sample("a", holding: holding, credit: credit)))
  }

  @Test func aWorkerSaysHelloFirst() {
    var table = WorkerTable()
    #expect(table.handle(.started) == [hello()])
  }

  @Test func helloIsRepeatedOverANewLinkMoreAndMoreSlowly() {
    var table = WorkerTable { $0.connectSeconds = nil }
    table.handle(.started)
    var reconnections: [Double] = []
    for tenth in 1...400 {
      for instruction in table.pass(0.1) where instruction == .reconnect {
        reconnections.append(Double(tenth) / 10)
        table.handle(.started)
      }
    }
    let gaps = zip(reconnections.dropFirst(), reconnections).map { ($0 - $1).rounded() }
    #expect(gaps.prefix(5) == [1, 2, 4, 8, 10], "\(reconnections)")
  }

  /// A worker slept for ever: a reconnection set the next hello while the alarm of the last one was still to ring; it rang
  /// a moment too early, nothing was due, and the wish for the right instant was not repeated because it had not changed.
  @Test func anAlarmThatRingsTooEarlyIsSetAgain() {
    var state = WorkerState(card: .sample("a", holding: [], credit: 2), policy: WorkerPolicy())
    let start = FarmInstant(nanoseconds: 1_000_000_000)
    func alarm(_ instructions: [WorkerInstruction]) -> FarmInstant? {
      instructions.compactMap { if case .wake(let instant) = $0 { instant } else { nil } }.last
    }
    let wish = alarm(state.handle(.started, now: start))
    #expect(wish != nil)
    #expect(alarm(state.handle(.timePassed, now: start + 0.01)) == wish)
  }

  @Test func aWorkerThatNobodyEverAnsweredGivesUpWith69() {
    var table = WorkerTable { $0.connectSeconds = 5 }
    table.handle(.started)
    let told = table.pass(6)
    guard case .exit(let exit)? = told.last else { return #expect(Bool(false), "\(told)") }
    #expect(exit.status == 69)
    #expect(table.handle(.started).isEmpty, "gone is gone")
  }

  @Test func aRefusedWorkerLeavesWith69() {
    var table = WorkerTable()
    table.handle(.started)
    #expect(table.hear(.refused(reason: "other model")) == [.exit(.refused("other model"))])
  }

  @Test func heartbeatsComeAtTheNegotiatedInterval() {
    var table = WorkerTable()
    table.handle(.started)
    table.hear(.welcome(run: "night", heartbeatSeconds: 3, timeoutSeconds: 60))
    let beats = table.pass(31).filter { $0 == .beat(executing: []) }
    #expect(beats.count == 10)
  }

  @Test func aSilentCoordinatorIsGivenUpAndItsWorkKept() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1, 2)))
    table.handle(.itemFinished(receipt(1)))
    let told = table.pass(20.5)
    #expect(told.contains(.reconnect))
    #expect(!told.contains(.cancelRender(shard: 1)))
    #expect(table.handle(.started) == [hello(holding: [lease(2, token: 2)], credit: 1)])
    #expect(table.handle(.itemFinished(receipt(2))).isEmpty, "nobody is there to hear it")
    #expect(
      table.hear(.welcome(run: "night", heartbeatSeconds: 2, timeoutSeconds: 20))
        == [.deliver(receipt(1)), .deliver(receipt(2))])
  }

  @Test func aFailureThatNobodyHeardIsToldAfterTheReconnection() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    table.pass(21)
    table.handle(.started)
    #expect(table.handle(.itemFailed(lease(1, token: 1), RenderFault(.itemFault, "it threw"))).isEmpty)
    #expect(
      table.hear(.welcome(run: "night", heartbeatSeconds: 2, timeoutSeconds: 20))
        == [.send(.failed(lease(1, token: 1), .itemFault, message: "it threw"))])
  }

  @Test func aChallengeIsAnsweredWithWhatIsHeld() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    table.hear(.grant(shard(2, 2)))
    #expect(
      table.hear(.register) == [hello(holding: [lease(1, token: 1), lease(2, token: 2)], credit: 0)])
  }

  @Test func whatAnEarlierProcessLeftIsDeliveredToItsOwnRunOnly() {
    var table = WorkerTable()
    table.handle(
      .outboxLoaded([
        OutboxEntry(run: "night", receipt: receipt(1)), OutboxEntry(run: "other", receipt: receipt(2)),
      ]))
    table.handle(.started)
    #expect(
      table.hear(.welcome(run: "night", heartbeatSeconds: 2, timeoutSeconds: 20)) == [.deliver(receipt(1))])
  }

  @Test func anotherRunAtTheSameEndpointGetsNothingOfTheFirst() {
    var table = WorkerTable.welcomed()
    table.hear(.grant(shard(1, 1)))
    table.hear(.grant(shard(2, 2)))
    table.hear(.register)
    #expect(
      table.hear(.welcome(run: "other", heartbeatSeconds: 2, timeoutSeconds: 20)) == [.cancelRender(shard: 1)])
    #expect(table.handle(.shardEnded(1)).first == .beat(executing: []))
  }

  @Test func aGrantBeforeTheWelcomeIsNotTaken() {
    var table = WorkerTable()
    table.handle(.started)
    #expect(table.hear(.grant(shard(1, 1))).isEmpty)
  }
}
