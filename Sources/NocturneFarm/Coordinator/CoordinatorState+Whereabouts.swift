import NocturneManifest

/// Why an item is where it is.
extension CoordinatorState {
  /// The items that a name stands for (see `ItemSelection.named`); empty when the run has none. O(items).
  package func whereabouts(of name: String, now: FarmInstant) -> [Whereabouts] {
    items.positions(named: name).map { position in
      let record = items.records[position]
      let (place, why) = explain(position, now)
      return Whereabouts(
        item: items.keys[position], place: place, why: why, tries: Int(record.tries), tryLimit: policy.retry.limit)
    }
  }

  private func explain(_ position: Int, _ now: FarmInstant) -> (Whereabouts.Place, String) {
    switch items.records[position].phase {
    case .done: return (.done, "")
    case .dead: return (.dead, "")
    case .cancelled: return (.cancelled, "")
    case .waiting: return (.waiting, whyWaiting(position, now))
    case .leased: break
    }
    if let collection = collections[position] {
      return (
        .delivering,
        "its result is on the way in from \(collection.deliverer)"
          + (collection.isHeld ? ", and waits for room on the disk" : "")
      )
    }
    guard let worker = holders[position] else {
      let seconds = orphans[position].map { whole($0.seconds(since: now)) } ?? 0
      return (.leased, "its worker is out of sight, and may come back; given up in \(seconds) s")
    }
    if let hedge = hedges[position] { return (.executing, "\(worker) is late with it, and \(hedge) renders it too") }
    let lease = lease(at: position)
    if registered[worker]?.executing.contains(lease) == true { return (.executing, "\(worker) renders it") }
    return (.leased, "\(worker) has it, and renders others first")
  }

  /// The first of the reasons that hold it up.
  private func whyWaiting(_ position: Int, _ now: FarmInstant) -> String {
    if phase == .opening { return "no coordinator is at work; run the same command to go on" }
    if phase == .draining { return "the run is stopping; run the same command to go on" }
    if isHeld { return "the run is paused by its operator; `nocturne resume` lets it go on" }
    if let pausedUntil {
      return "the coordinator's disk is full; it tries again in \(whole(pausedUntil.seconds(since: now))) s"
    }
    if let due = retries.due(position) { return "its next try is due in \(whole(due.seconds(since: now))) s" }
    if registered.isEmpty { return "no worker is connected" }
    let able = registered.filter { worker, record in
      mayTake(position, worker) && !record.isStalled && record.pausedUntil == nil && !isBarred(worker)
    }
    if able.isEmpty { return "no worker that may take it is well: see `nocturne status`" }
    if let failed = items.failures[position]?.workers, !failed.isEmpty {
      return "it goes to a worker that has not failed it, as soon as one has room"
    }
    let before = retries.ready.reduce(0) { $0 + $1.positions.count } + lines.count(before: position)
    return before == 0
      ? "it is next, as soon as a worker has room"
      : before == 1 ? "1 item is before it" : "\(before) items are before it"
  }

  private func whole(_ seconds: Double) -> Int { Int(max(0, seconds).rounded(.up)) }
}
