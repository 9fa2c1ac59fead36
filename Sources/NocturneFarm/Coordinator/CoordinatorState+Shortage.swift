import NocturneManifest

/// Out of memory, out of disk: waits and goes on by itself, at no cost.
extension CoordinatorState {
  /// A worker ran out of memory (or of room in its outbox). The item goes out again with at most half as many others,
  /// since a shard may be too large for any worker; the worker itself waits.
  mutating func giveRoom(
    _ position: Int, message: String, to worker: WorkerID, _ now: FarmInstant,
    _ random: inout some RandomNumberGenerator
  ) {
    let size = registered[worker]?.shards.first { $0.remaining.contains(position) }?.size ?? 1
    if withdraw(position, from: worker, now) {
      // The other one goes on with it.
    } else if size > 1 {
      detach(position, now)
      record(
        .released(
          Release(
            failureClass: .shortage, message: message, worker: worker, costsTry: false, open: false,
            shardLimit: (size + 1) / 2)),
        at: position)
      queueAgain(position, now)
    } else {
      settle(position, .shortage, message, worker: worker, open: false, now, &random)
    }
    // Items of one shard fail together: they are one shortage.
    guard registered[worker]?.pausedUntil == nil else { return }
    let shortages = (registered[worker]?.shortages ?? 0) + 1
    let delay = policy.shortage.delaySeconds(shortages, &random)
    registered[worker]?.shortages = shortages
    registered[worker]?.pausedUntil = now + delay
    schedule(now + delay)
    notify(.workerPaused(worker, seconds: delay, message: message))
  }

  /// The coordinator's disk is full: nothing is handed out and nothing collected for a while. Results wait in their
  /// outboxes.
  mutating func pauseRun(
    _ receipt: Receipt, message: String, from worker: WorkerID, _ now: FarmInstant,
    _ random: inout some RandomNumberGenerator
  ) {
    guard !phase.isOver else { return }
    if let position = current(receipt.lease) { collections[position]?.isHeld = true }
    guard pausedUntil == nil else { return }
    storageShortages += 1
    let delay = policy.shortage.delaySeconds(storageShortages, &random)
    pausedUntil = now + delay
    schedule(now + delay)
    notify(.runPaused(seconds: delay, message: message))
  }

  /// Tries again.
  mutating func resumeRun(_ now: FarmInstant) {
    pausedUntil = nil
    notify(.runResumed)
    for (position, collection) in collections.sorted(by: { $0.key < $1.key }) where collection.isHeld {
      collections[position]?.isHeld = false
      collections[position]?.heardAt = now
      emit(.collect(collection.receipt, inline: nil, from: collection.deliverer))
    }
  }
}
