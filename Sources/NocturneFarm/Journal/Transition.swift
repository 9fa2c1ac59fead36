package import NocturneManifest

/// One change of one item's state: what the journal stores, and all that a restarted coordinator knows.
///
/// `waiting -> leased -> done | waiting | dead`; `reopened` leads back from done or dead.
package struct Transition: Hashable, Codable, Sendable {
  package let item: ItemKey
  /// The attempt that the change belongs to; for `leased` the new one.
  package let attempt: Int
  package let change: Change

  package init(item: ItemKey, attempt: Int, change: Change) {
    self.item = item
    self.attempt = attempt
    self.change = change
  }

  package enum Change: Hashable, Codable, Sendable {
    /// waiting -> leased; under a new token and the next attempt, or under those of the last lease when its holder (or
    /// its result) was only lost sight of and came back.
    case leased(token: UInt64, worker: WorkerID, shard: UInt64)
    /// leased -> done. The receipt is all that a metadata line
    /// needs, so that lines lost in a crash can be written again.
    case done(Receipt)
    /// leased -> waiting, with what it cost and why.
    case released(Release)
    /// leased -> dead.
    case died(FailureClass, message: String, worker: WorkerID?)
    /// done or dead -> waiting: the artifact was found missing or damaged, or somebody asked for another go (issue 5).
    /// Tries start again from 0, attempts keep growing.
    case reopened(reason: String)
  }
}

/// How a lease ended without a result.
package struct Release: Hashable, Codable, Sendable {
  package var failureClass: FailureClass
  /// One line.
  package var message: String
  /// Who held the lease.
  package var worker: WorkerID?
  /// Whether a try was paid.
  package var costsTry: Bool
  /// Whether a late result of this attempt would still be taken while the item waits: true when the holder was only
  /// lost sight of, false when it said itself that there is none.
  package var open: Bool
  /// At most so many items in the shard that tries it again; 0 is no limit. Halves each time a shard takes its worker
  /// down, so that a poison item ends up alone.
  package var shardLimit: Int
  /// Pause before the next attempt. Not kept over a restart: then it is due at once.
  package var delaySeconds: Double

  /// Whether the worker is one of those who failed the item.
  package var isFailure: Bool { failureClass == .itemFault || failureClass == .workerFault }

  package init(
    failureClass: FailureClass, message: String, worker: WorkerID?, costsTry: Bool, open: Bool, shardLimit: Int = 0,
    delaySeconds: Double = 0
  ) {
    self.failureClass = failureClass
    self.message = message
    self.worker = worker
    self.costsTry = costsTry
    self.open = open
    self.shardLimit = shardLimit
    self.delaySeconds = delaySeconds
  }
}
