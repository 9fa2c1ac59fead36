import Foundation
import GRDB
import NocturneCoordinator
import NocturneFarm

/// The journal, damaged as a disk does (bytes) and as a hand does (values of any kind in any column).
struct JournalTarget: FuzzTarget {
  static let name = "journal"
  static let share = 0.5

  private let file: ScratchFile
  private let sample: [UInt8]

  init() throws {
    file = try ScratchFile("journal.sqlite")
    let made = try ScratchFile("sample.sqlite")
    try Self.makeSample(made.path)
    sample = Array(try Data(contentsOf: URL(filePath: made.path)))
  }

  private static func makeSample(_ path: String) throws {
    let journal = try SQLiteJournal(path)
    _ = try journal.open(
      RunRecord(manifest: "m.csv", manifestSHA256: "ab", modelFingerprint: "f", settings: ["steps": "5"]), items: 3,
      directory: RunDirectory("/night"))
    try journal.commit(FuzzSamples.transitions)
  }

  private static let columns: [(table: String, names: [String])] = [
    ("transitions", ["sequence", "item", "at", "attempt", "change", "token", "worker", "shard", "detail"]),
    ("items", ["id", "row", "take", "state", "attempt", "done"]), ("run", ["key", "value"]),
  ]
  private static let values = [
    "NULL", "0", "-1", "9223372036854775807", "1e300", "''", "'x'", "x''", "x'ff00'", "'[]'", "'{}'", "x'0a00'",
    "'leased'", "'done'", "'died'", "zeroblob(100000)", "'1e999'", "'-1'",
  ]

  func input(_ random: inout SeededGenerator) throws -> [UInt8] {
    var bytes = sample
    if Bool.random(using: &random) {
      for _ in 0..<Int.random(in: 1...8, using: &random) { ByteMutation.apply(&bytes, &random) }
      return bytes
    }
    file.write(bytes)
    let database = try DatabaseQueue(path: file.path)
    try database.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA ignore_check_constraints = 1; PRAGMA foreign_keys = 0")
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let table = Self.columns.randomElement(using: &random)!
        let column = table.names.randomElement(using: &random)!
        let value = Self.values.randomElement(using: &random)!
        let row = Int.random(in: 0..<10, using: &random)
        // What the schema refuses leaves the row as it is.
        try? database.execute(
          sql: "UPDATE \(table.table) SET \(column) = \(value) WHERE \(table.names[0]) IN "
            + "(SELECT \(table.names[0]) FROM \(table.table) LIMIT 1 OFFSET \(row))")
      }
      try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
    try database.close()
    return Array(try Data(contentsOf: URL(filePath: file.path)))
  }

  func read(_ input: [UInt8]) -> Bool {
    file.write(input)
    for suffix in ["-wal", "-shm"] { unlink(file.path + suffix) }
    do {
      let journal = try SQLiteJournal(file.path)
      _ = try journal.opening()
      var state = CoordinatorState(run: RunIdentity(name: "night", modelFingerprint: nil), policy: FarmPolicy())
      var random = SeededGenerator(seed: 1)
      _ = state.handle(.itemsLoaded([ItemEntry(FuzzSamples.item)]), now: .zero, using: &random)
      try journal.replay { _ = state.handle(.transitionsReplayed($0), now: .zero, using: &random) }
      try journal.forEachDone { _ in }
      _ = try journal.deadItems()
      _ = try journal.counts(total: 3)
      _ = try journal.story(of: FuzzSamples.lease.item)
      _ = state.handle(.started, now: .zero, using: &random)
      return true
    } catch {
      precondition(error is RunError || error is JournalFault, "\(type(of: error)): \(error)")
      return false
    }
  }
}
