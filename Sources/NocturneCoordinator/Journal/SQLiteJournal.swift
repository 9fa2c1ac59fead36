import Foundation
import GRDB
import NocturneFarm

/// The coordinator's memory in one SQLite file: write-ahead log, and a flush to the disk at every commit.
///
/// `transitions` is the truth, appended only. `items` is what follows from it, one row for each item that was ever leased or cancelled:
/// kept up in the same transaction so that counts, the files of done items and `story` need no replay.
package final class SQLiteJournal: Journal {
  let database: DatabaseQueue
  let path: String
  /// Of the next transition.
  var sequence: Int64 = 1
  /// As `flush` has left it.
  var flushes = true
  let encoder = JSONEncoder()
  let decoder = JSONDecoder()

  /// Opens or makes the journal, and brings its schema up to date.
  /// - Parameter path: a file, or `:memory:` for a run that need not be continued (benchmarks).
  /// - Throws: `RunError` with code `damaged` or `unwritable`.
  package init(_ path: String) throws(RunError) {
    self.path = path
    do {
      var configuration = Configuration()
      configuration.journalMode = path == ":memory:" ? .default : .wal
      configuration.label = "journal"
      database = try DatabaseQueue(path: path, configuration: configuration)
      // GRDB's write-ahead mode comes with NORMAL, which may lose the last commits in a power cut.
      try database.writeWithoutTransaction {
        try $0.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000")
      }
      try Self.migrator.migrate(database)
      let last = try database.read { try Int64.fetchOne($0, sql: "SELECT max(sequence) FROM transitions") ?? 0 }
      guard (0..<Int64.max / 2).contains(last) else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a transition has the number \(last)")
      }
      sequence = last + 1
    } catch {
      throw Self.openingError(path, error)
    }
  }

  /// Opens the journal of a run, running or not, to look at it.
  /// - Throws: `RunError`: `damaged`, `otherVersion`, `locked`, `unwritable` where it cannot even be opened.
  package init(reading path: String) throws(RunError) {
    self.path = path
    do {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      database = try DatabaseQueue(path: path, configuration: configuration)
      guard try database.read({ try Self.migrator.hasCompletedMigrations($0) }) else {
        throw RunError(
          .otherVersion, path, "the journal is of another version of nocturne; a rerun brings an older one up to date")
      }
    } catch let error as RunError {
      throw error
    } catch {
      throw Self.openingError(path, error)
    }
  }

  /// Writes everything to the one file, and lets go of it.
  func close() throws { try faulting { try database.close() } }

  /// Whether a commit is on the disk when it returns.
  package func isDurable() throws -> Bool {
    try faulting {
      try database.read { database in
        try String.fetchOne(database, sql: "PRAGMA journal_mode") == "wal"
          && Int.fetchOne(database, sql: "PRAGMA synchronous") == 2
      }
    }
  }

  private static func openingError(_ path: String, _ error: any Error) -> RunError {
    switch (error as? DatabaseError)?.resultCode {
    case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_PERM:
      RunError(.unwritable, path, "cannot open the journal: \(JournalFault(path, error).message)")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      RunError(.locked, path, "another program has the journal open for itself; end it and try again")
    default:
      RunError(
        .damaged, path,
        "cannot read the journal: \(JournalFault(path, error).message); \(JournalFault.remedy(path))")
    }
  }

  /// Runs `body` with its errors as `JournalFault`.
  func faulting<Value>(_ body: () throws -> Value) throws(JournalFault) -> Value {
    do { return try body() } catch { throw JournalFault(path, error) }
  }
}
