import NocturneManifest

/// A night on which nothing works: better said after a minute than in the morning.
extension CoordinatorState {
  /// An item failed, and no result was ever accepted. (A run that had some may be down to its unrenderable items when it is
  /// resumed: those get their tries.)
  mutating func noteFirstFailure(
    _ position: Int, _ failureClass: FailureClass, _ message: String, worker: WorkerID
  ) {
    guard var first = firstFailures, policy.earlyStop.items > 0 else { return }
    guard failureClass == .itemFault || failureClass == .workerFault else { return }
    let kind = FirstFailures.kind(of: message, item: items.keys[position])
    if first.positions.isEmpty {
      first.message = message
      first.kind = kind
    }
    guard kind == first.kind else {
      firstFailures = nil
      return
    }
    first.positions.insert(position)
    first.workers.insert(worker)
    if let shard = registered[worker]?.shards.first(where: { $0.remaining.contains(position) }) {
      first.shards.insert(shard.id)
    } else {
      first.rejections += 1
    }
    firstFailures = first
  }

  /// Stops the run when all that was tried failed alike, at the hands of everybody who is here. The tries that the items
  /// paid were not theirs to pay: they get them back, so that the same command begins afresh.
  mutating func stopEarly(_ now: FarmInstant) {
    guard phase == .running, let first = firstFailures, policy.earlyStop.items > 0 else { return }
    guard first.positions.count >= policy.earlyStop.items, first.occasions >= policy.earlyStop.shards,
      registered.keys.allSatisfy(first.workers.contains)
    else { return }
    let workers = first.workers.count == 1 ? "the only worker" : "each of \(first.workers.count) workers"
    let reason =
      "\(workers) failed its first items with one error, and nothing was rendered (\(first.positions.count) items): "
      + "\(first.message); mend that and run the same command again "
      + "(or set earlyStop.items to 0)"
    notify(.stoppingEarly(reason: reason))
    for worker in registered.keys.sorted() {
      let held = registered[worker]?.held ?? []
      let leases = held.map(lease(at:))
      free(held, .preempted, "the run stopped early", worker: worker, open: false, now)
      if !leases.isEmpty { send(.revoke(leases), to: worker) }
      send(.drain, to: worker)
    }
    for position in first.positions.sorted() { forgive(position, now) }
    end(.stoppedEarly, reason: reason, now)
  }

  private mutating func forgive(_ position: Int, _ now: FarmInstant) {
    switch items.records[position].phase {
    case .waiting: unqueue(position)
    case .dead: emit(.retract(items.keys[position]))
    // Lost sight of or on its way in: that decides.
    case .leased, .done, .cancelled: return
    }
    record(.reopened(reason: "the run stopped early"), at: position)
    queueAgain(position, now)
  }
}
