import NocturneManifest

/// A transition as one line of an item's story.
extension Transition: CustomStringConvertible {
  package var description: String {
    switch change {
    case .leased(_, let worker, let shard): "attempt \(attempt): leased to \(worker) in shard \(shard)"
    case .done(let receipt): "attempt \(attempt): done by \(receipt.worker), \(receipt.facts.bytes) bytes"
    case .released(let release):
      "attempt \(attempt): \(release.failureClass.rawValue)\(release.worker.map { " at \($0)" } ?? ""): "
        + "\(release.message); \(release.costsTry ? "a try is paid" : "no try is paid")"
        + (release.delaySeconds > 0 ? ", next in \(Int(release.delaySeconds.rounded(.up))) s" : "")
        + (release.shardLimit > 0 ? ", in a shard of at most \(release.shardLimit)" : "")
    case .died(.cancelled, let message, _): message
    case .died(let failureClass, let message, let worker):
      "attempt \(attempt): \(failureClass.rawValue)\(worker.map { " at \($0)" } ?? ""): \(message); given up"
    case .reopened(let reason): "opened again: \(reason)"
    }
  }
}
