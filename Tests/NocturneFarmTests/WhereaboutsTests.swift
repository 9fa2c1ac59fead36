import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// Why an item waits, as `explain` tells it.
@Suite struct WhereaboutsTests {
  @Test func aWaitingItemSaysWhatHoldsItUp() {
    var table = Table.open(items: 5)
    #expect(table.where(3) == "waiting: no worker is connected")
    table.join("a", credit: 1)
    #expect(table.where(2) == "waiting: it is next, as soon as a worker has room")
    #expect(table.where(4) == "waiting: 2 items are before it")
    table.handle(.orderReceived(.pause, from: OrderTicket(1)))
    #expect(table.where(4) == "waiting: the run is paused by its operator; `nocturne resume` lets it go on")
    table.handle(.stopRequested)
    #expect(table.where(4) == "waiting: the run is stopping; run the same command to go on")
  }

  @Test func aFailedItemSaysWhenItsNextTryIsDueAndWhere() {
    var table = Table.open(items: 2)
    table.join("a", credit: 1)
    table.say(.failed(lease(1, token: 1), .itemFault, message: "it threw"), "a")
    #expect(table.where(1) == "waiting: its next try is due in 5 s")
    #expect(table.state.whereabouts(of: table.key(1).description, now: table.now).map(\.tries) == [1])
    table.join("b", credit: 0)
    table.pass(6)
    #expect(table.where(1) == "waiting: it goes to a worker that has not failed it, as soon as one has room")
  }

  @Test func aLeasedItemSaysWhoHasIt() {
    var table = Table.open(items: 3)
    table.join("a")
    table.beat("a", executing: [lease(1, token: 1)])
    #expect(table.where(1) == "executing: a renders it")
    #expect(table.where(2) == "leased: a has it, and renders others first")
    table.say(.finished(table.receipt(lease(1, token: 1), "a"), inline: nil), "a")
    #expect(table.where(1) == "delivering: its result is on the way in from a")
    table.join("a", credit: 0)
    #expect(table.where(2) == "leased: its worker is out of sight, and may come back; given up in 30 s")
  }

  @Test func aFullDiskIsTheReason() {
    var table = Table.open(items: 3)
    table.join("a", credit: 1)
    let receipt = table.receipt(lease(1, token: 1), "a")
    table.say(.finished(receipt, inline: nil), "a")
    table.handle(.storageFell(receipt, message: "no space", from: WorkerID("a")))
    #expect(
      table.where(1) == "delivering: its result is on the way in from a, and waits for room on the disk")
    #expect(table.where(3) == "waiting: the coordinator's disk is full; it tries again in 10 s")
  }

  @Test func decidedItemsAndStrangersNeedNoReason() {
    var table = Table.open(items: 3) { $0.retry.limit = 1 }
    table.join("a")
    table.finish(lease(1, token: 1), "a")
    table.say(.failed(lease(2, token: 2), .itemFault, message: "it threw"), "a")
    table.handle(.orderReceived(.cancel(.all), from: OrderTicket(1)))
    #expect((1...3).map { table.where($0) } == ["done: ", "dead: ", "cancelled: "])
    #expect(table.state.whereabouts(of: "nobody", now: table.now).isEmpty)
  }
}

extension Table {
  func `where`(_ number: Int) -> String {
    state.whereabouts(of: key(number).description, now: now).map { "\($0.place): \($0.why)" }.joined(separator: "; ")
  }
}
