import Foundation
import GRDB
package import NocturneFarm
import NocturneManifest
import NocturneWire

extension SQLiteJournal {
  /// On return everything is on the disk; leases alone are there when a later commit is, or the system wrote them by
  /// itself. A process may die at any time; a power cut in between costs what was in flight, which nobody acknowledged.
  /// - Throws: `JournalFault`; then nothing of it was committed.
  package func commit(_ transitions: [Transition]) throws {
    guard !transitions.isEmpty else { return }
    let now = Date().timeIntervalSince1970
    let first = sequence
    let isFlushed = transitions.contains { if case .leased = $0.change { false } else { true } }
    try faulting {
      try flush(isFlushed)
      try database.write { database in
        let upsert = try database.cachedStatement(sql: Self.upsertItem)
        let insert = try database.cachedStatement(sql: Self.insertTransition)
        for (index, transition) in transitions.enumerated() {
          let number = first + Int64(index)
          let isDone = if case .done = transition.change { true } else { false }
          guard
            let item = try Int64.fetchOne(
              upsert,
              arguments: [
                transition.item.row, transition.item.take, transition.change.state, transition.attempt,
                isDone ? number : nil,
              ])
          else { preconditionFailure("commit: the upsert of \(transition.item) returned no id") }
          let columns = try columns(of: transition.change)
          try insert.execute(
            arguments: [
              number, item, now, transition.attempt, transition.change.name, columns.token, columns.worker,
              columns.shard, columns.detail,
            ])
        }
      }
    }
    sequence = first + Int64(transitions.count)
  }

  /// Whether the next commits are flushed to the disk.
  func flush(_ isFlushed: Bool) throws {
    guard isFlushed != flushes else { return }
    // Only between two transactions.
    try database.writeWithoutTransaction {
      try $0.execute(sql: "PRAGMA synchronous = \(isFlushed ? "FULL" : "NORMAL")")
    }
    flushes = isFlushed
  }

  private static let upsertItem = """
    INSERT INTO items (row, take, state, attempt, done) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (row, take) DO UPDATE SET state = excluded.state, attempt = excluded.attempt, done = excluded.done
    RETURNING id
    """
  private static let insertTransition = """
    INSERT INTO transitions (sequence, item, at, attempt, change, token, worker, shard, detail)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    """

  private struct Columns {
    var token: Int64?
    var worker: String?
    var shard: Int64?
    var detail: (any DatabaseValueConvertible)?
  }

  private func columns(of change: Transition.Change) throws -> Columns {
    switch change {
    case .leased(let token, let worker, let shard):
      Columns(token: Int64(bitPattern: token), worker: worker.name, shard: Int64(bitPattern: shard))
    case .done(let receipt): Columns(detail: receipt.serialized)
    case .released(let release): Columns(detail: try json(release))
    case .died(let failureClass, let message, let worker):
      Columns(detail: try json(Death(failureClass: failureClass, message: message, worker: worker)))
    case .reopened(let reason): Columns(detail: try json([reason]))
    }
  }

  private func json(_ value: some Encodable) throws -> String {
    String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  struct Death: Codable {
    var failureClass: FailureClass
    var message: String
    var worker: WorkerID?
  }
}

extension Transition.Change {
  fileprivate var name: String {
    switch self {
    case .leased: "leased"
    case .done: "done"
    case .released: "released"
    case .died: "died"
    case .reopened: "reopened"
    }
  }

  /// The item's state afterwards.
  fileprivate var state: String {
    switch self {
    case .leased: "leased"
    case .done: "done"
    case .released, .reopened: "waiting"
    case .died(.cancelled, _, _): "cancelled"
    case .died: "dead"
    }
  }
}
