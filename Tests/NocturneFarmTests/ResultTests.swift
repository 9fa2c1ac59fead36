import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

@Suite struct ResultTests {
  @Test func aResultIsAcknowledgedOnlyAfterItIsStoredJournaledAndPublished() {
    var table = Table.open(items: 3)
    table.join("a", credit: 1)
    let receipt = table.receipt(lease(1, token: 1), "a")
    let collecting = table.say(.finished(receipt, inline: nil), "a")
    #expect(collecting.messages(to: "a").isEmpty)
    #expect(collecting.first == .collect(receipt, inline: nil, from: WorkerID("a")))
    #expect(
      table.handle(.artifactStored(receipt, from: WorkerID("a"))) == [
        .record([Transition(item: table.key(1), attempt: 1, change: .done(receipt))]),
        .publish(receipt),
        .send(.acknowledge([receipt.lease]), to: WorkerID("a")),
      ])
  }

  @Test func aRepeatedReceiptGoesOnWithItsCollection() {
    var table = Table.open(items: 1)
    table.join("a")
    let receipt = table.receipt(lease(1, token: 1), "a")
    table.say(.finished(receipt, inline: nil), "a")
    #expect(
      table.say(.finished(receipt, inline: nil), "a") == [.collect(receipt, inline: nil, from: WorkerID("a"))])
  }

  @Test func aResultOfAnOlderAttemptIsRefused() {
    var table = Table.open(items: 1)
    table.join("a")
    table.say(.returned([lease(1, token: 1)]), "a")
    table.say(.ready(credit: 1), "a")
    #expect(table.state.counts.leased == 1)
    let stale = lease(1, token: 1)
    #expect(
      table.say(.finished(table.receipt(stale, "a"), inline: nil), "a")
        == [.send(.revoke([stale]), to: WorkerID("a"))])
    #expect(table.state.counts.done == 0)
  }

  @Test func aResultWithAForeignTokenIsRefused() {
    var table = Table.open(items: 1)
    table.join("a")
    let forged = lease(1, token: 77)
    #expect(
      table.say(.finished(table.receipt(forged, "a"), inline: nil), "a")
        == [.send(.revoke([forged]), to: WorkerID("a"))])
  }

  @Test func aResultOfAnAttemptThatNeverWasIsRefused() {
    var table = Table.open(items: 1)
    table.join("a")
    let forged = lease(1, attempt: 2, token: 1)
    #expect(
      table.say(.finished(table.receipt(forged, "a"), inline: nil), "a")
        == [.send(.revoke([forged]), to: WorkerID("a"))])
  }

  @Test func aSecondResultWithTheAcceptedDigestIsAbsorbed() {
    var table = Table.open(items: 2)
    table.join("a")
    table.finish(lease(1, token: 1), "a")
    let again = lease(1, attempt: 7, token: 99)
    #expect(
      table.say(.finished(table.receipt(again, "a"), inline: nil), "a")
        == [.send(.acknowledge([again]), to: WorkerID("a"))])
  }

  @Test func aSecondResultWithOtherBytesIsRefusedAndReported() {
    var table = Table.open(items: 2)
    table.join("a")
    table.finish(lease(1, token: 1), "a")
    var other = table.receipt(lease(1, token: 1), "a")
    other.facts.sha256 = String(repeating: "0", count: 64)
    #expect(
      table.say(.finished(other, inline: nil), "a") == [.send(.revoke([other.lease]), to: WorkerID("a"))])
    #expect(table.notices.first == .digestsDiffer(table.key(1), worker: WorkerID("a"), other: nil))
  }

  @Test func otherBytesFromAnotherNumericClassAreNoAlarm() {
    var table = Table.open(items: 2)
    table.join("a")
    table.finish(lease(1, token: 1), "a")
    var other = table.receipt(lease(1, token: 1), "a")
    other.facts.sha256 = String(repeating: "0", count: 64)
    other.numericClass = "other"
    table.say(.finished(other, inline: nil), "a")
    #expect(!table.notices.contains(.digestsDiffer(table.key(1), worker: WorkerID("a"), other: nil)))
  }

  @Test func aResultThatOutlivedItsLostLeaseIsStillTaken() {
    var table = Table.open(items: 1)
    table.join("a")
    table.beat("a", executing: [lease(1, token: 1)])
    table.pass(20)
    #expect(table.state.counts.waiting == 1, "a is silent, its lease expired")
    table.join("a", credit: 2)
    let receipt = table.receipt(lease(1, token: 1), "a")
    let told = table.say(.finished(receipt, inline: nil), "a")
    #expect(told.contains(.collect(receipt, inline: nil, from: WorkerID("a"))))
    table.handle(.artifactStored(receipt, from: WorkerID("a")))
    #expect(table.state.counts.done == 1)
  }

  @Test func aSuccessorDeliversWhatItsPredecessorLeftInTheOutbox() {
    var table = Table.open(items: 3)
    table.join("a")
    table.join("a2", credit: 0)
    let receipt = table.receipt(lease(1, token: 1), "a")
    #expect(
      table.say(.finished(receipt, inline: nil), "a2").first
        == .collect(receipt, inline: nil, from: WorkerID("a2")))
    #expect(
      table.handle(.artifactStored(receipt, from: WorkerID("a2"))).messages(to: "a2")
        == [.acknowledge([receipt.lease])])
  }

  @Test func aResultOfAnotherModelIsRefused() {
    var table = Table.open(items: 1)
    table.join("a")
    var receipt = table.receipt(lease(1, token: 1), "a")
    receipt.modelFingerprint = String(repeating: "0", count: 64)
    #expect(
      table.say(.finished(receipt, inline: nil), "a") == [.send(.revoke([receipt.lease]), to: WorkerID("a"))])
  }

  @Test func aResultOfAnItemThatTheRunDoesNotHaveIsRefused() {
    var table = Table.open(items: 1)
    table.join("a")
    let unknown = lease(50, token: 1)
    #expect(
      table.say(.finished(table.receipt(unknown, "a"), inline: nil), "a")
        == [.send(.revoke([unknown]), to: WorkerID("a"))])
  }

  @Test func aResultThatNeverArrivesGoesElsewhereAtNoCost() {
    var table = Table.open(items: 1)
    table.join("a", credit: 1)
    table.say(.finished(table.receipt(lease(1, token: 1), "a"), inline: nil), "a")
    var told: [CoordinatorInstruction] = []
    for _ in 0..<20 {
      told += table.pass(2)
      told += table.beat("a")
    }
    #expect(told.contains(.abandon(lease(1, token: 1))))
    #expect(told.releases.map(\.costsTry) == [false])
  }

  @Test func aHelloThatWasOvertakenByItsResultDoesNotThrowTheResultAway() {
    var table = Table.open(items: 1)
    table.join("a")
    table.say(.finished(table.receipt(lease(1, token: 1), "a"), inline: nil), "a")
    let told = table.join("a", holding: [lease(1, token: 1)])
    #expect(told == [welcome("a")])
  }
}
