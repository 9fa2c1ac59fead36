import Foundation
import NocturneFarm
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
    object["counts"] = [
      "total": counts.total, "waiting": counts.waiting, "leased": counts.leased, "done": counts.done,
      "dead": counts.dead, "rejected_rows": rejectedRows,
    ]
    object["verdict"] =
      switch verdict?.outcome {
      case nil: "running"
      case .stopped: "stopped"
      case .stoppedEarly: "stopped early"
      case .complete: counts.dead == 0 && rejectedRows == 0 ? "complete" : "complete with dead items"
      }
    object["reason"] = verdict?.reason
    data =
      try JSONSerialization.data(
        withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]) + Data("\n".utf8)
  }

  private static func text(_ date: Date) -> String { date.ISO8601Format() }
}
