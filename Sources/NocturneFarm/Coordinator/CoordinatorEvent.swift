package import NocturneManifest

/// What happened, as the coordinator's shell tells it to the state.
///
/// A run opens with `itemsLoaded` (as often as needed, manifest order), `transitionsReplayed` (likewise, oldest first),
/// then `started`; the rest follows in any order.
package enum CoordinatorEvent: Hashable, Sendable {
  /// The next items in manifest order. Rows that are no items (bad rows) are the shell's business: they go to
  /// `errors.jsonl` without ever coming here.
  case itemsLoaded([ItemEntry])
  /// What the journal remembers of an earlier life of this run. Items that the manifest does not have are ignored.
  case transitionsReplayed([Transition])
  /// The journal remembers that an operator has paused the run. Comes before `started`.
  case pauseReplayed
  /// Workers that an earlier life of this run, which did not end properly, may have left behind; before `started`.
  case workersRemembered([WorkerID])
  /// The lives before this one, oldest first, as far back as none ended properly; before `started`.
  case livesRemembered([FormerLife])
  /// Everything is loaded: handing out may begin.
  case started
  /// Every message except `chunk`, which belongs to the collection that asked for it (passing it on does no harm).
  case messageReceived(WorkerMessage, from: WorkerID)
  /// A collection succeeded: the artifact was verified and is durable under its final name. `from` is the worker that
  /// delivered it and waits for the acknowledgement.
  case artifactStored(Receipt, from: WorkerID)
  /// A collection failed because the artifact is not what the receipt says, or not sound: an item fault.
  case artifactRejected(Receipt, reason: String, from: WorkerID)
  /// A collection failed because the disk is full or broken. The run pauses and collects again by itself; no cost.
  case storageFell(Receipt, message: String, from: WorkerID)
  /// A grant certainly did not leave (peer unknown, queue full): its items are still here.
  case grantUndelivered(shard: UInt64, to: WorkerID)
  /// A grant left without these leases, since the message would have been too large: their items are still here.
  case grantCut([Lease], from: WorkerID)
  /// The artifact of a done item is missing or damaged: render it again. What a check at the start of the shell finds is
  /// told before `started`, since a run in which nothing is left to do finishes there.
  case artifactMissed(ItemKey, reason: String)
  /// The instant of the last `wake` is reached. May come at any time and as often as one likes.
  case timePassed
  /// First time: hand out nothing more and let the workers finish what executes. Second time: stop now.
  case stopRequested
  /// An operator asks for something. Also taken before `started`, for a run that nobody works on.
  case orderReceived(Order, from: OrderTicket)
}

/// A life of the coordinator that did not end properly.
package struct FormerLife: Hashable, Codable, Sendable {
  /// The last shard that had been granted when it began.
  package var lastShard: UInt64
  /// For how long it listened for holders of leases that it did not hear of, as far as it came to note it.
  package var listenedSeconds: Double

  package init(lastShard: UInt64, listenedSeconds: Double) {
    self.lastShard = lastShard
    self.listenedSeconds = listenedSeconds
  }
}
