import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// A coordinator that died and was started again: its journal is all it has.
@Suite struct RestartTests {
  @Test func aRestartedCoordinatorGrantsOnlyWhatIsNotDone() {
    var before = Table.open(items: 3)
    before.join("a")
    before.finish(lease(1, token: 1), "a")
    var table = Table.open(items: 3, replaying: before.journal)
    #expect(table.state.counts == ItemCounts(leased: 2, done: 1))
    #expect(table.join("b").grants.isEmpty, "the others may still be running")
    table.beat("b")
    var told: [CoordinatorInstruction] = []
    for _ in 0..<16 {
      told += table.pass(2)
      table.beat("b")
    }
    #expect(told.releases.map(\.costsTry) == [false, false])
    #expect(
      told.grants == [[lease(2, attempt: 2, token: 1)], [lease(3, attempt: 2, token: 2)]], "attempts go on counting")
  }

  @Test func whatIsDoneDecidesTheNumericClassAndAnotherIsNoted() {
    var before = Table.open(items: 2)
    before.join("a")
    before.finish(lease(1, token: 1), "a")
    var table = Table.open(items: 2, replaying: before.journal)
    let updated = FakeRenderer.numericClass + "/2"
    _ = table.handle(.messageReceived(.hello(.sample("b", numericClass: updated)), from: WorkerID("b")))
    #expect(
      table.notices.contains(
        .numericClassDiffers(WorkerID("b"), theirs: updated, ours: FakeRenderer.numericClass)))
  }

  @Test func aCoordinatorThatDiesWithinEveryGraceStillTakesBackTheLeasesOfTheDead() {
    var table = Table.open(items: 1)
    table.join("a")
    repeat { table = table.restarted() } while table.pass(10).releases.isEmpty && table.lives.count < 20
    #expect(table.lives.map(\.listenedSeconds) == [0, 7.5, 7.5, 7.5, 3.75], "30 s, the last 7.5 in its fifth")
    #expect(table.join("b").grants.map { $0.map(\.item) } == [[table.key(1)]])
  }

  @Test func livesTooShortToHearAnybodyTakeNothingBack() {
    var table = Table.open(items: 1)
    table.join("a")
    for _ in 0..<50 {
      table = table.restarted()
      #expect(table.pass(3).releases.isEmpty)
    }
    #expect(table.pass(26).releases.isEmpty)
    #expect(table.pass(2).releases.count == 1)
  }

  @Test func anOverdueHolderHasAWhileToComeBackInAllTheSame() {
    var table = restarted(after: FormerLife(lastShard: 1, listenedSeconds: 100))
    #expect(table.pass(3.7).releases.isEmpty)
    #expect(table.pass(0.1).releases.count == 1)
  }

  @Test func aLeaseOfTheLastLifeHasTheWholeGrace() {
    // It was granted after this life had begun.
    var table = restarted(after: FormerLife(lastShard: 0, listenedSeconds: 100))
    #expect(table.pass(29).releases.isEmpty)
    #expect(table.pass(2).releases.count == 1)
  }

  /// A run whose one item was granted in shard 1, after a life that is told.
  private func restarted(after life: FormerLife) -> Table {
    var before = Table.open(items: 1)
    before.join("a")
    var table = Table(items: 1, replaying: before.journal)
    table.handle(.livesRemembered([life]), .started)
    return table
  }

  @Test func whoResumesARunHearsWhatIsWaitedFor() {
    #expect(Table.open(items: 3).notices.isEmpty)
    var before = Table.open(items: 3)
    before.join("a", credit: 2)
    #expect(Table.open(items: 3, replaying: before.journal).notices == [.awaitingLeases(2, seconds: 30)])
    let part = restarted(after: FormerLife(lastShard: 1, listenedSeconds: 20)).notices
    #expect(part == [.awaitingLeases(1, seconds: 10)])
    #expect(part.map(\.description).first?.contains("1 item at work") == true)
  }

  @Test func aHolderThatIsHeardInEveryLifeKeepsItsLease() {
    var table = Table.open(items: 1)
    table.join("a")
    for _ in 0..<10 {
      table = table.restarted()
      // It comes late in a life that lasts two thirds of the grace.
      #expect(table.pass(12).releases.isEmpty, "life \(table.lives.count)")
      table.join("a", credit: 0, holding: [lease(1, token: 1)])
      table.pass(8)
    }
    #expect(table.journal.count == 11, "one line a life")
  }

  @Test func aWorkerThatOutlivedItsCoordinatorIsTakenUpWithWhatItHolds() {
    var before = Table.open(items: 3)
    before.join("a")
    var table = Table.open(items: 3, replaying: before.journal)
    #expect(table.beat("a", executing: [lease(1, token: 1)]) == [.send(.register, to: WorkerID("a"))])
    let told = table.join("a", credit: 0, holding: [lease(1, token: 1), lease(2, token: 2)])
    #expect(
      told == [
        .record([renewed(lease(1, token: 1), by: "a", in: 3), renewed(lease(2, token: 2), by: "a", in: 4)]),
        welcome("a"),
      ], "nothing revoked")
    table.pass(15)
    table.beat("a")
    table.pass(18)
    #expect(table.state.workers.map(\.leased) == [2], "and no grace runs out on it")
  }

  @Test func aResultOfTheLeaseThatTheJournalKnowsIsTakenAfterARestart() {
    var before = Table.open(items: 2)
    before.join("a")
    var table = Table.open(items: 2, replaying: before.journal)
    table.join("a", credit: 0, holding: [lease(2, token: 2)])
    let receipt = table.receipt(lease(1, token: 1), "a")
    #expect(
      table.say(.finished(receipt, inline: nil), "a")
        == [.record([renewed(receipt.lease, by: "a", in: 5)]), .collect(receipt, inline: nil, from: WorkerID("a"))])
    #expect(
      table.handle(.artifactStored(receipt, from: WorkerID("a"))).messages(to: "a")
        == [.acknowledge([receipt.lease])])
  }

  @Test func aResultThatWasJournaledButNotAcknowledgedIsAbsorbed() {
    var before = Table.open(items: 2)
    before.join("a")
    before.finish(lease(1, token: 1), "a")
    var table = Table.open(items: 2, replaying: before.journal)
    table.join("a", credit: 0, holding: [lease(2, token: 2)])
    #expect(
      table.say(.finished(table.receipt(lease(1, token: 1), "a"), inline: nil), "a")
        == [.send(.acknowledge([lease(1, token: 1)]), to: WorkerID("a"))])
  }

  @Test func paidTriesAndFailedWorkersAreRemembered() {
    var before = Table.open(items: 1)
    before.join("a")
    before.say(.failed(lease(1, token: 1), .itemFault, message: "it threw"), "a")
    var table = Table.open(items: 1, replaying: before.journal)
    table.join("b", credit: 0)
    #expect(table.join("a").grants.isEmpty, "b is there, and has not failed it")
    #expect(table.say(.ready(credit: 1), "b").grants == [[lease(1, attempt: 2, token: 1)]])
    table.say(.failed(lease(1, attempt: 2, token: 1), .itemFault, message: "it threw"), "b")
    table.pass(11)
    let told = table.say(.failed(lease(1, attempt: 3, token: 2), .itemFault, message: "it threw"), "a")
    #expect(told.changes == [.died(.itemFault, message: "it threw", worker: WorkerID("a"))])
  }

  @Test func suspectsOfAnEarlierLifeGoOutAlone() {
    func batched(_ policy: inout FarmPolicy) {
      policy.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 8, minItems: 8)
    }
    var before = Table.open(items: 8, batched)
    before.join("a", credit: 1)
    before.beat("a", executing: (1...4).map { lease($0, token: UInt64($0)) })
    before.pass(21)
    var table = Table.open(items: 8, replaying: before.journal, batched)
    #expect(table.join("b").grants.map(\.count) == [1, 1])
  }

  @Test func aFinishedRunEndsAtOnce() {
    var before = Table.open(items: 1)
    before.join("a")
    before.finish(lease(1, token: 1), "a")
    var table = Table(items: 1, replaying: before.journal)
    #expect(table.handle(.started) == [.finish(Verdict(outcome: .complete, counts: ItemCounts(done: 1)))])
  }

  @Test func anArtifactFoundMissingIsRenderedAgain() {
    var before = Table.open(items: 1)
    before.join("a")
    before.finish(lease(1, token: 1), "a")
    var table = Table(items: 1, replaying: before.journal)
    #expect(
      table.handle(.artifactMissed(table.key(1), reason: "file is gone")) == [
        .record([Transition(item: table.key(1), attempt: 1, change: .reopened(reason: "file is gone"))]),
        .retract(table.key(1)),
      ])
    table.handle(.started)
    #expect(table.join("a").grants == [[lease(1, attempt: 2, token: 1)]])
  }

  @Test func itemsThatTheManifestLostAreIgnored() {
    var before = Table.open(items: 3)
    before.join("a")
    let table = Table.open(items: 1, replaying: before.journal)
    #expect(table.state.counts == ItemCounts(leased: 1))
  }

  @Test func shardNumbersGoOnCounting() {
    var before = Table.open(items: 3)
    before.join("a")
    var table = Table.open(items: 3, replaying: before.journal)
    #expect(table.join("b") == [welcome("b")] + granted(3, [lease(3, token: 1)], to: "b"))
  }
}
