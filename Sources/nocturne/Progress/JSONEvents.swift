import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest

/// `--json`: every event as one object a line on standard output.
struct JSONEvents {
  /// Of the manifest: they are in no count of items.
  let rejectedRows: Int

  func tell(_ event: RunEvent) {
    var object: [String: Any]
    switch event {
    case .started(let progress, let run, let isResumed):
      object = [
        "event": "started", "run": run, "resumed": isResumed, "counts": Self.counts(progress.counts, rejectedRows),
      ]
    case .itemDone(let receipt):
      object = [
        "event": "item_done", "id": receipt.lease.item.row, "take": receipt.lease.item.take,
        "attempt": receipt.lease.attempt, "file_name": "audio/\(receipt.fileName)", "sha256": receipt.facts.sha256,
        "worker": receipt.worker.name, "stage_seconds": receipt.stageSeconds,
      ]
    case .itemDied(let dead):
      object = [
        "event": "item_died", "id": dead.item.row, "take": dead.item.take, "class": dead.failureClass.rawValue,
        "message": dead.message, "attempts": dead.attempts, "workers": dead.workers.map(\.name),
      ]
    case .notice(let notice): object = ["event": "notice", "message": notice.description]
    case .strangerRefused(let line): object = ["event": "stranger_refused", "message": line]
    case .storageRefused(let message, let seconds):
      object = ["event": "storage_refused", "message": message, "retry_seconds": seconds]
    case .closing: return  // The notices say why.
    case .progress(let progress):
      object = [
        "event": "progress", "counts": Self.counts(progress.counts, rejectedRows), "workers": progress.workers.count,
        "collecting": progress.collecting, "paused": progress.isPaused,
      ]
    case .finished(let verdict):
      object = [
        "event": "finished", "outcome": verdict.outcome.rawValue, "counts": Self.counts(verdict.counts, rejectedRows),
      ]
      object["reason"] = verdict.reason
    }
    object["time"] = Date().timeIntervalSince1970
    try? printJSON(object)
  }

  /// As `run.json` has them.
  static func counts(_ counts: ItemCounts, _ rejectedRows: Int) -> [String: Int] {
    [
      "waiting": counts.waiting, "leased": counts.leased, "done": counts.done, "dead": counts.dead,
      "cancelled": counts.cancelled, "rejected_rows": rejectedRows,
    ]
  }
}
