import Foundation
import GRDB
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import Testing

@Suite struct JournalTests {
  private let key = ItemKey(row: "a", take: 2)
  private let worker = WorkerID("w-1-x")

  private func receipt(_ key: ItemKey, attempt: Int = 1) -> Receipt {
    Receipt(
      lease: Lease(item: key, attempt: attempt, token: .max), fileName: "a-t2.flac",
      facts: AudioFacts(
        sampleRate: 24_000, channels: 1, frames: 9, sha256: String(repeating: "0f", count: 32), bytes: 7,
        peakDBFS: -0.1, rmsDBFS: -20.5, integratedLUFS: -17.25),
      modelFingerprint: "m", numericClass: "c", worker: worker, stageSeconds: ["lm": 0.1], notes: ["note"])
  }

  private var everything: [Transition] {
    [
      Transition(item: key, attempt: 1, change: .leased(token: .max, worker: worker, shard: .max - 1)),
      Transition(
        item: key, attempt: 1,
        change: .released(
          Release(
            failureClass: .itemFault, message: "no", worker: worker, costsTry: true, open: true, shardLimit: 3,
            delaySeconds: 1.5))),
      Transition(item: key, attempt: 2, change: .leased(token: 7, worker: worker, shard: 2)),
      Transition(item: key, attempt: 2, change: .died(.itemFault, message: "given up", worker: nil)),
      Transition(item: key, attempt: 2, change: .reopened(reason: "asked")),
      Transition(item: key, attempt: 3, change: .leased(token: 8, worker: worker, shard: 3)),
      Transition(item: key, attempt: 3, change: .done(receipt(key, attempt: 3))),
    ]
  }

  private func replayed(_ journal: SQLiteJournal) throws -> [Transition] {
    var transitions: [Transition] = []
    try journal.replay { transitions += $0 }
    return transitions
  }

  @Test func everythingCommittedIsThereAfterReopening() throws {
    let scratch = Scratch()
    let path = scratch.path + "/journal.sqlite"
    try SQLiteJournal(path).commit(everything)
    let other = Transition(
      item: ItemKey(row: "b", take: 1), attempt: 1, change: .leased(token: 1, worker: worker, shard: 9))
    try SQLiteJournal(path).commit([other])
    let journal = try SQLiteJournal(path)
    #expect(try journal.isDurable())
    #expect(try replayed(journal) == everything + [other])
    #expect(try replayed(SQLiteJournal(reading: path)) == everything + [other])
    #expect(try journal.story(of: key).map(\.transition) == everything)
    #expect(try journal.story(of: ItemKey(row: "never", take: 1)).isEmpty)
    #expect(try journal.counts(total: 5) == ItemCounts(waiting: 3, leased: 1, done: 1))
  }

  @Test func whatSomebodyIsToldIsFlushedAndLeasesAloneAreNot() throws {
    let scratch = Scratch()
    let journal = try SQLiteJournal(scratch.path + "/journal.sqlite")
    let (leased, done) = (try #require(everything.first), try #require(everything.last))
    let told: [() throws -> Void] = [
      { try journal.commit([done]) }, { try journal.commit([leased, done]) }, { try journal.commit(paused: true) },
      { try journal.commit(paused: false) }, { try journal.note("model") },
    ]
    for tell in told {
      try journal.commit([leased])
      #expect(try !journal.isDurable())
      try tell()
      #expect(try journal.isDurable())
    }
  }

  @Test func livesThatDidNotEndAreRemembered() throws {
    let scratch = Scratch()
    let path = scratch.path + "/journal.sqlite"
    #expect(try SQLiteJournal(path).beginLife(lastShard: 0) == SQLiteJournal.Remembered())
    try SQLiteJournal(path).commit(everything)
    #expect(
      try SQLiteJournal(path).beginLife(lastShard: 3) == SQLiteJournal.Remembered(workers: [worker]),
      "the first one did not listen for anybody")
    for number in 0..<100 {
      let journal = try SQLiteJournal(path)
      _ = try journal.beginLife(lastShard: .max)
      try journal.noteListening(1)
      try journal.noteListening(Double(number))
    }
    let journal = try SQLiteJournal(path)
    let lives = (36..<100).map { FormerLife(lastShard: .max, listenedSeconds: Double($0)) }
    #expect(try journal.beginLife(lastShard: 9).lives == lives, "as many as can matter")
    try journal.endLife()
    #expect(try journal.beginLife(lastShard: 10) == SQLiteJournal.Remembered(), "it came to its end")
  }

  @Test func replayGoesBeyondOnePiece() throws {
    let journal = try SQLiteJournal(":memory:")
    let many = (0..<10_000).map {
      Transition(item: ItemKey(row: "\($0)", take: 1), attempt: 1, change: .leased(token: 1, worker: worker, shard: 1))
    }
    try journal.commit(many)
    #expect(try replayed(journal) == many)
  }

  @Test func doneItemsComeInTheOrderInWhichTheyWereDone() throws {
    let journal = try SQLiteJournal(":memory:")
    let keys = ["z", "a", "m"].map { ItemKey(row: $0, take: 1) }
    try journal.commit(keys.map { Transition(item: $0, attempt: 1, change: .done(receipt($0))) })
    try journal.commit([Transition(item: keys[0], attempt: 1, change: .reopened(reason: "gone"))])
    try journal.commit([Transition(item: keys[0], attempt: 2, change: .done(receipt(keys[0], attempt: 2)))])
    var done: [ItemKey] = []
    try journal.forEachDone { done.append($0.lease.item) }
    #expect(done == [keys[1], keys[2], keys[0]])
  }

  @Test func deadItemTellsWhoTriedIt() throws {
    let journal = try SQLiteJournal(":memory:")
    try journal.commit(Array(everything.prefix(4)))
    let dead = try journal.deadItems()
    #expect(
      dead == [
        DeadItem(item: key, failureClass: .itemFault, message: "given up", attempts: 2, workers: [worker])
      ])
  }

  /// Whoever went down with it, alone with it or not, by the rule of the run at work, whose lines are compared with it.
  @Test func whoFailedADeadItemIsWhoIsToBlame() throws {
    let journal = try SQLiteJournal(":memory:")
    func release(_ name: String, _ failureClass: FailureClass, costsTry: Bool) -> Transition {
      Transition(
        item: key, attempt: 1,
        change: .released(
          Release(failureClass: failureClass, message: "no", worker: WorkerID(name), costsTry: costsTry, open: false)))
    }
    try journal.commit([
      everything[0], release("fell-1-x", .workerFault, costsTry: false), release("full-1-x", .shortage, costsTry: true),
      release("threw-1-x", .itemFault, costsTry: true),
      Transition(item: key, attempt: 1, change: .died(.itemFault, message: "given up", worker: worker)),
    ])
    #expect(try journal.deadItems().map(\.workers) == [[WorkerID("fell-1-x"), WorkerID("threw-1-x"), worker]])
  }

  @Test func failedCommitLeavesNothingBehind() throws {
    let scratch = Scratch()
    let path = scratch.path + "/journal.sqlite"
    try SQLiteJournal(path).commit(Array(everything.prefix(1)))
    let reader = try SQLiteJournal(reading: path)
    #expect(throws: JournalFault.self) { try reader.commit(everything) }
    #expect(try replayed(SQLiteJournal(path)).count == 1)
  }

  /// A run that was begun when receipts were kept as JSON goes on.
  @Test func receiptsOfTheFirstSchemaAreKept() throws {
    let scratch = Scratch()
    let path = scratch.path + "/journal.sqlite"
    try SQLiteJournal(path).commit(everything)
    let database = try DatabaseQueue(path: path)
    try database.write { database in
      let json = String(decoding: try JSONEncoder().encode(receipt(key, attempt: 3)), as: UTF8.self)
      try database.execute(sql: "UPDATE transitions SET detail = ? WHERE change = 'done'", arguments: [json])
      try database.execute(sql: "DELETE FROM grdb_migrations WHERE identifier <> 'first night'")
    }
    try database.close()
    #expect(throws: RunError.self) { try SQLiteJournal(reading: path) }
    #expect(try replayed(SQLiteJournal(path)) == everything)
    #expect(try replayed(SQLiteJournal(path)) == everything)
  }
}
