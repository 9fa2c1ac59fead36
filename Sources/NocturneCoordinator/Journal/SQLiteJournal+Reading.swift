import Foundation
import GRDB
package import NocturneFarm
package import NocturneManifest
import NocturneWire

extension SQLiteJournal {
  /// Looks at every page and every transition. O(journal).
  /// - Throws: `JournalFault` at the first damage.
  package func examine() throws {
    try faulting {
      let verdict = try database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check(1)") }
      if verdict != "ok" { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: verdict) }
    }
    guard try opening() != nil else {
      throw JournalFault(path, DatabaseError(message: "it does not say what the run is"))
    }
    try replay { _ in }
    try forEachDone { _ in }
    _ = try deadItems()
  }

  /// - Throws: `JournalFault`, and what `piece` throws.
  package func replay(_ piece: ([Transition]) throws -> Void) throws {
    var last: Int64 = 0
    while true {
      var transitions: [Transition] = []
      try faulting {
        try database.read { database in
          let rows = try Row.fetchCursor(
            database,
            sql: """
              SELECT \(Self.columns)
              FROM transitions JOIN items ON items.id = item WHERE sequence > ? ORDER BY sequence LIMIT 4096
              """, arguments: [last])
          while let row = try rows.next() {
            last = try row.decode(atIndex: 0)
            transitions.append(try transition(row))
          }
        }
      }
      if transitions.isEmpty { return }
      try piece(transitions)
    }
  }

  package func story(of item: ItemKey) throws -> [StoryLine] {
    try faulting {
      try database.read { database in
        try Row.fetchAll(
          database,
          sql: """
            SELECT \(Self.columns)
            FROM items JOIN transitions ON item = items.id WHERE row = ? AND take = ? ORDER BY sequence
            """, arguments: [item.row, item.take]
        ).map {
          StoryLine(date: Date(timeIntervalSince1970: try $0.decode(atIndex: 1)), transition: try transition($0))
        }
      }
    }
  }

  /// Receipts of the done items, in the order in which they were done.
  /// - Throws: `JournalFault`, and what `body` throws.
  package func forEachDone(_ body: (Receipt) throws -> Void) throws {
    try database.read { database in
      let rows = try faulting {
        try Row.fetchCursor(
          database,
          sql: "SELECT detail FROM items JOIN transitions ON sequence = done WHERE state = 'done' ORDER BY done")
      }
      while let row = try faulting({ try rows.next() }) {
        try body(try faulting { try Receipt(serialized: try row.decode(atIndex: 0)) })
      }
    }
  }

  /// What `errors.jsonl` says of the dead and the cancelled items, in the order of their keys.
  package func deadItems() throws -> [DeadItem] {
    try faulting {
      try database.read { database in
        let rows = try Row.fetchCursor(
          database,
          sql: """
            SELECT \(Self.columns)
            FROM items JOIN transitions ON item = items.id WHERE state IN ('dead', 'cancelled')
            ORDER BY row, take, sequence
            """)
        var dead: [DeadItem] = []
        while let row = try rows.next() {
          let transition = try transition(row)
          if dead.last?.item != transition.item { dead.append(DeadItem(item: transition.item)) }
          dead[dead.count - 1].take(transition)
        }
        return dead
      }
    }
  }

  /// How many items are in which state; items that the journal does not know are waiting.
  /// - Parameter total: items of the run.
  package func counts(total: Int) throws -> ItemCounts {
    var counts = ItemCounts()
    try faulting {
      try database.read { database in
        for row in try Row.fetchAll(database, sql: "SELECT state, count(*) FROM items GROUP BY state") {
          switch try row.decode(String.self, atIndex: 0) {
          case "leased": counts.leased = try row.decode(atIndex: 1)
          case "done": counts.done = try row.decode(atIndex: 1)
          case "dead": counts.dead = try row.decode(atIndex: 1)
          case "cancelled": counts.cancelled = try row.decode(atIndex: 1)
          default: break
          }
        }
      }
    }
    counts.waiting = max(0, total - counts.total)
    return counts
  }

  /// The columns of `transitions` in the order in which they are read.
  private static let columns =
    "sequence, at, row, take, transitions.attempt, change, token, worker, shard, detail"

  /// Any column may hold anything, once a hand or a disk was at it.
  private func transition(_ row: Row) throws -> Transition {
    Transition(
      item: ItemKey(row: try row.decode(atIndex: 2), take: try row.decode(atIndex: 3)),
      attempt: try checkedAttempt(row.decode(atIndex: 4), row), change: try change(row))
  }

  private func change(_ row: Row) throws -> Transition.Change {
    let name: String = try row.decode(atIndex: 5)
    func detail<Detail: Decodable>(_ type: Detail.Type) throws -> Detail {
      try decoder.decode(type, from: Data(try row.decode(String.self, atIndex: 9).utf8))
    }
    switch name {
    case "leased":
      return .leased(
        token: UInt64(bitPattern: try row.decode(atIndex: 6)), worker: WorkerID(try row.decode(atIndex: 7)),
        shard: UInt64(bitPattern: try row.decode(atIndex: 8)))
    case "done": return .done(try Receipt(serialized: try row.decode(atIndex: 9)))
    case "released": return .released(try detail(Release.self))
    case "died":
      let death = try detail(Death.self)
      return .died(death.failureClass, message: death.message, worker: death.worker)
    case "reopened": return .reopened(reason: try detail([String].self).first ?? "")
    default: throw damage(row, "is of the unknown kind '\(name)'")
    }
  }

  private func checkedAttempt(_ attempt: Int, _ row: Row) throws -> Int {
    guard (0...Int(Int32.max)).contains(attempt) else { throw damage(row, "has the attempt \(attempt)") }
    return attempt
  }

  private func damage(_ row: Row, _ message: String) -> DatabaseError {
    DatabaseError(resultCode: .SQLITE_CORRUPT, message: "transition \(row[0] as DatabaseValue) \(message)")
  }
}

extension DeadItem {
  /// Puts together from the journal what the state said when the item died.
  fileprivate init(item: ItemKey) {
    self.init(item: item, failureClass: .itemFault, message: "", attempts: 0, workers: [])
  }

  fileprivate mutating func take(_ transition: Transition) {
    attempts = max(attempts, transition.attempt)
    switch transition.change {
    case .released(let release) where release.isFailure: note(release.worker)
    case .died(let failureClass, let message, let worker):
      self.failureClass = failureClass
      self.message = message
      note(worker)
    case .reopened: workers = []
    case .leased, .done, .released: break
    }
  }

  private mutating func note(_ worker: WorkerID?) {
    if let worker, !workers.contains(worker) { workers.append(worker) }
  }
}
