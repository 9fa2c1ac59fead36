import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

@Suite struct RegistrationTests {
  @Test func aWorkerWithAnotherModelIsRefusedWithOneLineThatNamesBoth() {
    var table = Table.open(items: 1)
    let hello = WorkerHello.sample("a", model: String(repeating: "0b", count: 32))
    let told = table.handle(.messageReceived(.hello(hello), from: WorkerID("a")))
    let reason =
      "model 0b0b0b0b0b0b, the run is of model fafafafafafa: start the worker with the run's --model"
    #expect(told == [.send(.refused(reason: reason), to: WorkerID("a"))])
    #expect(table.notices == [.workerRefused(WorkerID("a"), reason: reason)])
    #expect(table.state.workers.isEmpty)
  }

  @Test func aWorkerWithAnotherProtocolIsRefusedWithOneLineThatNamesBoth() {
    var table = Table.open(items: 1)
    let hello = WorkerHello.sample("a", version: 9)
    let told = table.handle(.messageReceived(.hello(hello), from: WorkerID("a")))
    let reason = "protocol 9, the coordinator speaks 1: use the same build on both sides (worker: test)"
    #expect(told == [.send(.refused(reason: reason), to: WorkerID("a"))])
  }

  @Test func theFirstWorkerFixesTheModelOfARunThatHasNone() {
    var state = CoordinatorState(
      run: RunIdentity(name: "night", modelFingerprint: nil), policy: Table.plainPolicy(), validates: true)
    var random = CountingGenerator()
    _ = state.handle(.itemsLoaded([ItemEntry(.sample(1))]), now: .zero, using: &random)
    _ = state.handle(.started, now: .zero, using: &random)
    _ = state.handle(.messageReceived(.hello(.sample("a")), from: WorkerID("a")), now: .zero, using: &random)
    let other = WorkerHello.sample("b", model: String(repeating: "0b", count: 32))
    let told = state.handle(.messageReceived(.hello(other), from: WorkerID("b")), now: .zero, using: &random)
    #expect(told.messages(to: "b").contains { if case .refused = $0 { true } else { false } })
  }

  @Test func anotherNumericClassIsWelcomeAndNoted() {
    var table = Table.open(items: 2)
    table.join("a", credit: 1)
    let told = table.handle(.messageReceived(.hello(.sample("b", numericClass: "amx-bf16")), from: WorkerID("b")))
    #expect(!told.grants.isEmpty)
    #expect(
      table.notices.contains(.numericClassDiffers(WorkerID("b"), theirs: "amx-bf16", ours: FakeRenderer.numericClass)))
  }

  @Test func aSecondHelloTakesUpWhatTheWorkerHolds() {
    var table = Table.open(items: 2)
    table.join("a")
    let told = table.join("a", credit: 0, holding: [lease(1, token: 1), lease(2, token: 2)])
    #expect(told == [welcome("a")])
    #expect(table.state.workers.map(\.leased) == [2])
  }

  @Test func whatASecondHelloDoesNotNameIsWaitedForAndThenGoesElsewhere() {
    var table = Table.open(items: 1)
    table.join("a")
    #expect(table.join("a", credit: 0) == [welcome("a")])
    table.join("b", credit: 1)
    var told: [CoordinatorInstruction] = []
    for _ in 0..<15 {
      told += table.pass(2)
      #expect(told.releases.isEmpty || table.now.seconds(since: .zero) >= 30)
      table.beat("a")
      table.beat("b")
    }
    told += table.pass(1)
    #expect(told.releases.map(\.costsTry) == [false])
    #expect(told.grants == [[lease(1, attempt: 2, token: 2)]])
  }

  @Test func whatAWorkerHoldsOfOthersIsRevoked() {
    var table = Table.open(items: 1)
    let foreign = [lease(1, attempt: 4, token: 44), lease(77, token: 1)]
    #expect(
      Array(table.join("a", credit: 0, holding: foreign).prefix(2))
        == [welcome("a"), .send(.revoke(foreign), to: WorkerID("a"))])
  }

  @Test func aLeaseThatExpiredMeanwhileIsTakenUpAgainWhenItsHolderReturns() {
    var table = Table.open(items: 1)
    table.join("a")
    table.beat("a", executing: [lease(1, token: 1)])
    table.pass(21)
    let told = table.join("a", credit: 1, holding: [lease(1, token: 1)])
    #expect(told.changes == [.leased(token: 1, worker: WorkerID("a"), shard: 2)])
    #expect(told.grants.isEmpty, "it has it already")
    #expect(
      table.finish(lease(1, token: 1), "a").contains(.finish(Verdict(outcome: .complete, counts: .init(done: 1)))))
  }
}
