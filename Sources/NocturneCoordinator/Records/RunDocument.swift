import Foundation
import NocturneFarm
import NocturneJSON
import NocturneWire

/// `run.json`: what the caller says of the run, and beside it the run's name, model, counts and verdict.
struct RunDocument {
  let data: Data

  /// - Parameter verdict: nil while it runs.
  init(
    caller: Data, opening: SQLiteJournal.Opening, record: RunRecord, modelFingerprint: String?, counts: ItemCounts,
    rejectedRows: Int, started: Date, verdict: Verdict?
  ) throws {
    guard var object = try JSONSerialization.jsonObject(with: caller) as? [String: Any] else {
      preconditionFailure("RunDocument: the caller's part is no JSON object")
    }
    object["run"] = opening.name
    object["created"] = Self.text(Date(timeIntervalSince1970: opening.created))
    object["started"] = Self.text(started)
    object["written"] = Self.text(Date())
    object["manifest_sha256"] = record.manifestSHA256
    object["model_fingerprint"] = modelFingerprint as Any? ?? NSNull()
    object["settings"] = record.settings
    object["counts"] = Self.object(counts, rejectedRows)
    object["verdict"] = Self.verdict(verdict?.outcome, counts, rejectedRows)
    object["reason"] = verdict?.reason
    data = try Self.text(object)
  }

  /// Says in the document at `path` what became of a run that was changed while nobody worked on it. One that is missing or
  /// cannot be read is left to the next start, which writes it anew.
  static func revise(_ path: String, counts: ItemCounts) throws {
    guard let former = FileManager.default.contents(atPath: path),
      let revised = try RunDocument(revising: former, counts: counts)
    else { return }
    try Directory.replace(path, with: revised.data)
  }

  /// The document at `path`; nil where there is none.
  static func read(at path: String) -> [String: Any]? {
    FileManager.default.contents(atPath: path).flatMap(read)
  }

  /// Of a document; 0 where it does not say.
  static func rejectedRows(in object: [String: Any]) -> Int {
    (object["counts"] as? [String: Any])?["rejected_rows"] as? Int ?? 0
  }

  private static func read(_ data: Data) -> [String: Any]? {
    guard isShallow(data) else { return nil }
    return try? JSONSerialization.jsonObject(with: data) as? [String: Any]
  }

  /// - Parameter former: the document as it is; nil where it is none.
  private init?(revising former: Data, counts: ItemCounts) throws {
    guard var object = Self.read(former) else { return nil }
    let rejectedRows = Self.rejectedRows(in: object)
    object["written"] = Self.text(Date())
    object["counts"] = Self.object(counts, rejectedRows)
    object["reason"] = nil
    object["verdict"] = Self.verdict(counts.undecided == 0 ? .complete : .stopped, counts, rejectedRows)
    data = try Self.text(object)
  }

  private static func object(_ counts: ItemCounts, _ rejectedRows: Int) -> [String: Int] {
    [
      "total": counts.total, "waiting": counts.waiting, "leased": counts.leased, "done": counts.done,
      "dead": counts.dead, "cancelled": counts.cancelled, "rejected_rows": rejectedRows,
    ]
  }

  private static func verdict(_ outcome: Verdict.Outcome?, _ counts: ItemCounts, _ rejectedRows: Int) -> String {
    guard let outcome else { return "running" }
    switch outcome {
    case .stopped: return "stopped"
    case .stoppedEarly: return "stopped early"
    case .complete: break
    }
    switch (counts.dead + rejectedRows > 0, counts.cancelled > 0) {
    case (false, false): return "complete"
    case (true, false): return "complete with dead items"
    case (false, true): return "complete with cancelled items"
    case (true, true): return "complete with dead and cancelled items"
    }
  }

  private static func text(_ object: [String: Any]) throws -> Data {
    try JSONSerialization.data(
      withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]) + Data("\n".utf8)
  }

  private static func text(_ date: Date) -> String { date.ISO8601Format() }
}
