import Foundation
import GRDB
package import NocturneFarm

extension SQLiteJournal {
  /// What earlier users of the journal left who did not come to the end.
  package struct Remembered: Hashable, Sendable {
    /// Workers that may have outlived their coordinator: whom the journal names since it was first marked. Only the latest
    /// transitions are looked at; a living worker is in them.
    package var workers: [WorkerID] = []
    /// Those lives that listened for holders of leases, oldest first; the latest 64.
    package var lives: [FormerLife] = []

    package init(workers: [WorkerID] = [], lives: [FormerLife] = []) {
      self.workers = workers
      self.lives = lives
    }
  }

  /// Marks the journal as in use, until `endLife`.
  /// - Parameter lastShard: the last that had been granted before.
  /// - Throws: `JournalFault`.
  package func beginLife(lastShard: UInt64) throws -> Remembered {
    try faulting {
      try database.write { database in
        let mark = try String.fetchOne(database, sql: "SELECT value FROM run WHERE key = 'inUseSince'")
        let marked = mark.flatMap { Int64($0) }
        var found = Remembered()
        if let marked {
          found.lives = try lives(database).filter { $0.listenedSeconds > 0 }.suffix(Self.recentLives)
          found.workers = try String.fetchAll(
            database, sql: "SELECT DISTINCT worker FROM transitions WHERE sequence >= ? AND worker IS NOT NULL",
            arguments: [max(marked, sequence - Self.recentTransitions)]
          ).map { WorkerID($0) }
        }
        try database.execute(
          sql: "INSERT OR REPLACE INTO run (key, value) VALUES ('inUseSince', ?)",
          arguments: [String(marked ?? sequence)])
        try set(found.lives + [FormerLife(lastShard: lastShard, listenedSeconds: 0)], database)
        return found
      }
    }
  }

  /// Notes for how long the life that `beginLife` began has listened so far.
  /// - Throws: `JournalFault`.
  package func noteListening(_ seconds: Double) throws {
    try faulting {
      try database.write { database in
        var lives = try lives(database)
        guard !lives.isEmpty else { return }
        lives[lives.count - 1].listenedSeconds = seconds
        try set(lives, database)
      }
    }
  }

  private func lives(_ database: Database) throws -> [FormerLife] {
    let text = try String.fetchOne(database, sql: "SELECT value FROM run WHERE key = 'lives'")
    return try text.map { try decoder.decode([FormerLife].self, from: Data($0.utf8)) } ?? []
  }

  private func set(_ lives: [FormerLife], _ database: Database) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO run (key, value) VALUES ('lives', ?)",
      arguments: [String(decoding: try encoder.encode(lives), as: UTF8.self)])
  }

  /// The run came to its end, for now: everybody was told.
  /// - Throws: `JournalFault`.
  package func endLife() throws {
    try faulting { try database.write { try $0.execute(sql: "DELETE FROM run WHERE key IN ('inUseSince', 'lives')") } }
  }

  private static let recentLives = 64
  private static let recentTransitions: Int64 = 100_000
}
