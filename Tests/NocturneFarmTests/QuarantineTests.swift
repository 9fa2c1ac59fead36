import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// A worker that fails what others can render.
@Suite struct QuarantineTests {
  private static func strict(_ policy: inout FarmPolicy) {
    policy.quarantine.failures = 2
    policy.credit = 1
  }

  /// `good` renders items, `sick` fails them one after the other, until it is shut out.
  private func incident(items: Int = 12, _ edit: (inout FarmPolicy) -> Void = Self.strict) -> Table {
    var table = Table.open(items: items, edit)
    table.join("good", credit: 1)
    table.join("sick", credit: 1)
    table.fail("sick")
    table.finishAll("good")
    table.fail("sick")
    return table
  }

  @Test func aWorkerThatFailsInARowWhileOthersRenderIsQuarantined() {
    let table = incident()
    #expect(
      table.notices.contains(
        .workerQuarantined(WorkerID("sick"), reason: "it failed 2 items in a row while others rendered theirs")))
    #expect(table.held("sick").isEmpty)
  }

  @Test func aWorkerWhoseFailedItemsOthersRenderIsQuarantined() {
    var table = Table.open(items: 12, Self.strict)
    table.join("good", credit: 1)
    table.join("flaky", credit: 1)
    // Never two in a row, but two of four are rendered by the other one.
    for _ in 0..<2 {
      table.fail("flaky")
      table.finishAll("flaky", times: 1)
    }
    var notices: [FarmNotice] = []
    table.pass(6)
    for _ in 0..<6 where notices.isEmpty {
      table.finishAll("good", times: 1)
      notices = table.notices.filter { if case .workerQuarantined = $0 { true } else { false } }
      table.beat("flaky")
    }
    #expect(
      notices == [.workerQuarantined(WorkerID("flaky"), reason: "2 items that it failed were rendered by others")])
  }

  @Test func whatOthersFailTooIsNotHeldAgainstAWorker() {
    var table = Table.open(items: 1) { $0.quarantine.failures = 1 }
    table.join("a", credit: 1)
    table.join("b", credit: 1)
    for name in ["a", "b", "a"] {
      table.fail(name)
      #expect(!table.notices.contains { if case .workerQuarantined = $0 { true } else { false } })
      table.pass(16)
      for name in ["a", "b"] { table.beat(name) }
    }
    #expect(table.state.counts.dead == 1)
  }

  @Test func aQuarantinedWorkerGetsNothingButAProbeOfWhatAnotherRendered() {
    var table = incident()
    let told = table.pass(0.1)
    let done = table.journal.compactMap { if case .done = $0.change { $0.item } else { nil } }
    #expect(told.grants.count == 1 && told.grants[0].map(\.item) == done.suffix(1), "by good")
    #expect(told.changes.isEmpty, "no attempt of the item")
    #expect(table.say(.ready(credit: 1), "sick").grants.isEmpty)
  }

  @Test func aPassedProbeBringsTheWorkerBack() throws {
    var table = incident()
    let probe = try #require(table.pass(0.1).grants.first?.first)
    // Its heartbeat names the probe, and nobody takes that for a stale lease.
    #expect(table.beat("sick", executing: [probe]).messages(to: "sick") == [.heartbeat])
    let told = table.say(.finished(table.receipt(probe, "sick"), inline: nil), "sick")
    #expect(told.first == .send(.acknowledge([probe]), to: WorkerID("sick")))
    #expect(table.notices == [.workerReturned(WorkerID("sick"))])
    #expect(table.say(.ready(credit: 1), "sick").grants.count + told.grants.count == 1)
  }

  @Test func aProbeWithOtherBytesKeepsTheWorkerOutForLongerEachTime() throws {
    var table = incident()
    var pauses: [Double] = []
    for _ in 0..<3 {
      var probe: Lease?
      for _ in 0..<400 where probe == nil {
        probe = table.pass(1).grants.first?.first
        for name in ["good", "sick"] { table.beat(name) }
      }
      var receipt = table.receipt(try #require(probe), "sick")
      receipt.facts.sha256 = String(repeating: "0", count: 64)
      table.say(.finished(receipt, inline: nil), "sick")
      for case .probeFailed(_, _, let seconds) in table.notices { pauses.append(seconds) }
      #expect(table.say(.ready(credit: 1), "sick").grants.isEmpty)
    }
    #expect(pauses == [60, 120, 240])
  }

  @Test func aFailedProbeCostsTheItemNothing() throws {
    var table = incident()
    let counts = table.state.counts
    let probe = try #require(table.pass(0.1).grants.first?.first)
    let told = table.say(.failed(probe, .itemFault, message: "it threw"), "sick")
    #expect(told.changes.isEmpty)
    #expect(table.state.counts == counts)
    #expect(table.notices == [.probeFailed(WorkerID("sick"), reason: "it threw", nextSeconds: 60)])
  }

  @Test func aProbeThatGotLostIsRepeated() {
    var table = incident()
    #expect(table.pass(0.1).grants.count == 1)
    var probes = 0
    for _ in 0..<20 {
      probes += table.pass(2).grants.count
      for name in ["good", "sick"] { table.beat(name) }
    }
    #expect(probes == 1)
  }

  @Test func theLastWorkerIsNeverShutOut() {
    var table = incident()
    #expect(!table.say(.goodbye, "good").grants.isEmpty || !table.say(.ready(credit: 1), "sick").grants.isEmpty)
    #expect(!table.held("sick").isEmpty)
  }

  @Test func aFarmOfOneIsNotQuarantinedAtAll() {
    var table = Table.open(items: 9, Self.strict)
    table.join("a", credit: 1)
    for _ in 0..<4 {
      table.fail("a")
      #expect(!table.notices.contains { if case .workerQuarantined = $0 { true } else { false } })
    }
  }

  @Test func quarantineOffShutsNobodyOut() {
    let table = incident { policy in
      Self.strict(&policy)
      policy.quarantine.failures = 0
    }
    #expect(!table.held("sick").isEmpty)
  }

  @Test func aRestartedCoordinatorKnowsFromItsJournalWhoFailedWhatOthersRendered() {
    var before = Table.open(items: 12, Self.strict)
    before.join("good", credit: 1)
    before.join("sick", credit: 1)
    before.fail("sick")
    before.pass(6)
    before.finishAll("good", times: 2)
    before.beat("sick")
    // One strike is in the journal; one more after the restart makes two.
    var table = Table.open(items: 12, replaying: before.journal, Self.strict)
    table.pass(31)
    table.join("sick", credit: 1)
    table.fail("sick")
    table.join("good", credit: 1)
    var notices: [FarmNotice] = []
    for _ in 0..<12 where notices.isEmpty {
      table.beat("sick")
      table.pass(6)
      table.finishAll("good", times: 1)
      notices = table.notices.filter { if case .workerQuarantined = $0 { true } else { false } }
    }
    #expect(notices.count == 1)
  }
}
