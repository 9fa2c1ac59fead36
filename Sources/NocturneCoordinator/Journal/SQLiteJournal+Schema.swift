import Foundation
import GRDB
import NocturneFarm
import NocturneWire

extension SQLiteJournal {
  /// Every change of the schema is a migration of its own, and stays here for ever.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("first night") { database in
      try database.execute(
        sql: """
          -- What the run is: name, manifest, model, settings, number of items; since when it is paused.
          CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

          -- One row for each item that was ever leased or cancelled: its present state.
          CREATE TABLE items (
            id INTEGER PRIMARY KEY,
            row TEXT NOT NULL,
            take INTEGER NOT NULL,
            state TEXT NOT NULL,      -- waiting, leased, done, dead, cancelled
            attempt INTEGER NOT NULL,
            done INTEGER,             -- the transition that made it done
            UNIQUE (row, take)
          );

          -- Everything that happened, in order.
          CREATE TABLE transitions (
            sequence INTEGER PRIMARY KEY,
            item INTEGER NOT NULL REFERENCES items (id),
            at REAL NOT NULL,         -- seconds since 1970
            attempt INTEGER NOT NULL,
            change TEXT NOT NULL,     -- leased, done, released, died, reopened
            token INTEGER,            -- leased: 64 bits, as signed
            worker TEXT,              -- leased
            shard INTEGER,            -- leased: 64 bits, as signed
            detail TEXT               -- the others: JSON
          );
          CREATE INDEX transitions_by_item ON transitions (item);
          """)
    }
    migrator.registerMigration("receipts as they travel") { database in
      // `detail` of done: a binary message in place of JSON, which took most of the time of a commit and of a replay.
      let rows = try Row.fetchCursor(database, sql: "SELECT sequence, detail FROM transitions WHERE change = 'done'")
      while let row = try rows.next() {
        let receipt = try JSONDecoder().decode(Receipt.self, from: Data((row[1] as String).utf8))
        try database.execute(
          sql: "UPDATE transitions SET detail = ? WHERE sequence = ?",
          arguments: [receipt.serialized, row[0] as Int64])
      }
    }
    return migrator
  }
}
