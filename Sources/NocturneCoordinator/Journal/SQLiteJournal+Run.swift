package import Foundation
import GRDB
import NocturneFarm

extension SQLiteJournal {
  /// What the journal says of its run.
  package struct Opening: Hashable, Sendable {
    /// The same over restarts; outboxes are sorted by it.
    package var name: String
    package var record: RunRecord
    /// Items of the run.
    package var items: Int
    /// Seconds since 1970.
    package var created: Double
  }

  /// Nil for a new journal.
  package func opening() throws -> Opening? {
    try faulting {
      let values = try database.read { database in
        try Row.fetchAll(database, sql: "SELECT key, value FROM run").reduce(into: [String: String]()) { values, row in
          values[try row.decode(String.self, atIndex: 0)] = try row.decode(String.self, atIndex: 1)
        }
      }
      guard let name = values["name"] else { return nil }
      let record = RunRecord(
        manifest: values["manifest"] ?? "", manifestSHA256: values["manifestSHA256"] ?? "",
        modelFingerprint: values["modelFingerprint"],
        settings: try decoder.decode([String: String].self, from: Data((values["settings"] ?? "{}").utf8)))
      return Opening(
        name: name, record: record, items: values["items"].flatMap { Int32($0) }.map { max(0, Int($0)) } ?? 0,
        created: values["created"].flatMap { Double($0) } ?? 0)
    }
  }

  /// Names a new run, or checks that the one in this journal is what is asked for now.
  /// - Throws: `RunError` with code `otherRun`, every difference in its message; `JournalFault`.
  package func open(_ record: RunRecord, items: Int, directory: RunDirectory) throws -> Opening {
    if let opening = try opening() {
      let differences = record.differences(from: opening.record)
      guard differences.isEmpty else {
        throw RunError(
          .otherRun, directory.path,
          "holds another run (\(differences.joined(separator: "; "))); give the same settings, or choose another "
            + "directory with --out")
      }
      if let fingerprint = record.modelFingerprint, opening.record.modelFingerprint == nil { try note(fingerprint) }
      try set(["items": String(items)])
      return opening
    }
    let name =
      URL(fileURLWithPath: directory.path).lastPathComponent.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
      .prefix(40) + "-" + String(UInt64.random(in: .min ... .max), radix: 16)
    let opening = Opening(
      name: String(name), record: record, items: items, created: Date().timeIntervalSince1970)
    try restore(opening)
    return opening
  }

  /// Writes down what the run is, in a journal that does not know.
  func restore(_ opening: Opening) throws {
    let record = opening.record
    var values = [
      "name": opening.name, "manifest": record.manifest, "manifestSHA256": record.manifestSHA256,
      "settings": String(decoding: try encoder.encode(record.settings), as: UTF8.self), "items": String(opening.items),
      "created": String(opening.created),
    ]
    values["modelFingerprint"] = record.modelFingerprint
    try set(values)
  }

  /// Remembers the model of a run that was opened without one.
  package func note(_ modelFingerprint: String) throws { try set(["modelFingerprint": modelFingerprint]) }

  /// - Throws: `JournalFault`.
  package func commit(paused: Bool) throws {
    if paused { return try set(["paused": String(Date().timeIntervalSince1970)]) }
    try faulting {
      try flush(true)
      try database.write { try $0.execute(sql: "DELETE FROM run WHERE key = 'paused'") }
    }
  }

  package func isPaused() throws -> Bool { try pausedSince() != nil }

  /// When an operator paused the run; nil while it is not paused.
  package func pausedSince() throws -> Date? {
    try faulting {
      try database.read { try String.fetchOne($0, sql: "SELECT value FROM run WHERE key = 'paused'") }
    }.flatMap { Double($0) }.map { Date(timeIntervalSince1970: $0) }
  }

  private func set(_ values: [String: String]) throws {
    try faulting {
      try flush(true)
      try database.write { database in
        for (key, value) in values {
          try database.execute(sql: "INSERT OR REPLACE INTO run (key, value) VALUES (?, ?)", arguments: [key, value])
        }
      }
    }
  }
}
