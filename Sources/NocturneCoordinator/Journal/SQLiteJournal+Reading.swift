import Foundation
import GRDB
package import NocturneFarm
package import NocturneManifest
import NocturneWire

extension SQLiteJournal {
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
              SELECT sequence, at, row, take, transitions.attempt AS attempt, change, token, worker, shard, detail
              FROM transitions JOIN items ON items.id = item WHERE sequence > ? ORDER BY sequence LIMIT 4096
              """, arguments: [last])
          while let row = try rows.next() {
            last = row[0]
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
            SELECT sequence, at, row, take, transitions.attempt AS attempt, change, token, worker, shard, detail
            FROM items JOIN transitions ON item = items.id WHERE row = ? AND take = ? ORDER BY sequence
            """, arguments: [item.row, item.take]
        ).map { StoryLine(date: Date(timeIntervalSince1970: $0[1]), transition: try transition($0)) }
      }
    }
  }

  /// Receipts of the done items, in the order in which they were done.
  /// - Throws: `JournalFault`, and what `body` throws.
  package func forEachDone(_ body: (Receipt) throws -> Void) throws {
    try database.read { database in
      let rows = try Row.fetchCursor(
        database,
        sql: "SELECT detail FROM items JOIN transitions ON sequence = done WHERE state = 'done' ORDER BY done")
      while let row = try rows.next() {
        try body(try faulting { try Receipt(serialized: row[0]) })
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
            SELECT sequence, at, row, take, transitions.attempt AS attempt, change, token, worker, shard, detail
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
          switch row[0] as String {
          case "leased": counts.leased = row[1]
          case "done": counts.done = row[1]
          case "dead": counts.dead = row[1]
          case "cancelled": counts.cancelled = row[1]
          default: break
          }
        }
      }
    }
    counts.waiting = max(0, total - counts.total)
    return counts
  }

  private func transition(_ row: Row) throws -> Transition {
    Transition(
      item: ItemKey(row: row["row"], take: row["take"]), attempt: row["attempt"], change: try change(row))
  }

  private func change(_ row: Row) throws -> Transition.Change {
    let name: String = row["change"]
    func detail<Detail: Decodable>(_ type: Detail.Type) throws -> Detail {
      try decoder.decode(type, from: Data((row["detail"] as String).utf8))
    }
    switch name {
    case "leased":
      return .leased(
        token: UInt64(bitPattern: row["token"] as Int64), worker: WorkerID(row["worker"]),
        shard: UInt64(bitPattern: row["shard"] as Int64))
    case "done": return .done(try Receipt(serialized: row["detail"]))
    case "released": return .released(try detail(Release.self))
    case "died":
      let death = try detail(Death.self)
      return .died(death.failureClass, message: death.message, worker: death.worker)
    case "reopened": return .reopened(reason: try detail([String].self).first ?? "")
    default:
      throw DatabaseError(
        resultCode: .SQLITE_CORRUPT,
        message: "transition \(row["sequence"] as Int64) is of the unknown kind '\(name)'")
    }
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
    case .released(let release) where release.costsTry: note(release.worker)
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
