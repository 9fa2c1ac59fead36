import NocturneManifest

/// Who is still there.
extension CoordinatorState {
  mutating func hear(
    _ heartbeat: Heartbeat, from worker: WorkerID, _ now: FarmInstant, _ random: inout some RandomNumberGenerator
  ) {
    switch phase {
    case .opening, .running: send(.heartbeat, to: worker)
    // Again, in case it got lost.
    case .draining: send(.drain, to: worker)
    case .over(let outcome): return send(outcome.farewell, to: worker)
    }
    guard var record = registered[worker], heartbeat.progress >= record.progress else { return }  // overtaken
    registered[worker] = nil
    record.note(heartbeat, now)
    registered[worker] = record
    takeUp(heartbeat.executing, by: worker, now)
    checkStall(worker, now, &random)
    checkIdle(worker, now)
    checkProbe(worker, now)
    queueForWork(worker)
    hedge(with: worker, now)
  }

  /// Compares what executes with the books. What they do not give the worker, a stale hello or our own impatience took
  /// from it, and it gets it back; or it missed that it is not its own any more, and hears it again.
  private mutating func takeUp(_ executing: [Lease], by worker: WorkerID, _ now: FarmInstant) {
    let unknown = executing.filter { lease in
      if quarantine[worker]?.probe?.lease == lease { return false }
      guard let position = items.position(of: lease.item) else { return true }
      return holders[position] != worker && hedges[position] != worker
    }
    if unknown.isEmpty { return }
    let unwanted = registered[worker]?.isStalled == true ? unknown : adopt(unknown, by: worker, now)
    if !unwanted.isEmpty { send(.revoke(unwanted), to: worker) }
  }

  /// No progress for a multiple of what was observed: what it executes is blamed, what it prefetched goes free.
  private mutating func checkStall(
    _ worker: WorkerID, _ now: FarmInstant, _ random: inout some RandomNumberGenerator
  ) {
    guard let record = registered[worker], !record.executing.isEmpty, !record.isStalled, !record.shards.isEmpty else {
      return
    }
    let still = now.seconds(since: record.progressedAt)
    let allowed = max(
      policy.liveness.stallFloorSeconds, policy.liveness.stallMultiple * (record.progressInterval ?? 0))
    guard still > allowed else { return }
    notify(.workerStalled(worker, seconds: still))
    let leases = record.held.map(lease(at:))
    // Before the leases end: it must not be granted them back.
    registered[worker]?.isStalled = true
    releaseAll(of: worker, "no progress for \(Int(still)) s", now, &random)
    send(.revoke(leases), to: worker)
    queueQuarantined()
  }

  /// A worker that executes nothing although it was granted something never got the grant, or lost its word that the
  /// items are finished; the latter it repeats, and is given the time for.
  private mutating func checkIdle(_ worker: WorkerID, _ now: FarmInstant) {
    guard let record = registered[worker] else { return }
    guard record.executing.isEmpty, !record.shards.isEmpty else {
      registered[worker]?.idleSince = nil
      return
    }
    guard let since = record.idleSince else {
      registered[worker]?.idleSince = now
      return
    }
    guard now.seconds(since: since) > policy.liveness.graceSeconds else { return }
    registered[worker]?.idleSince = nil
    free(record.held, .infrastructure, "grant lost", worker: worker, open: true, now)
  }

  mutating func passTime(_ now: FarmInstant, _ random: inout some RandomNumberGenerator) {
    guard phase == .running || phase == .draining else {
      wakeAt = nil
      if let partingUntil { schedule(partingUntil) }
      return
    }
    let timeout = policy.liveness.timeoutSeconds
    // Woken far too late (a suspended machine, a stopped process, a disk that was waited for): it was us who was away.
    let wasAway = wakeAt.map { now.seconds(since: $0) > timeout / 2 } ?? false
    if wasAway { for position in collections.keys { collections[position]?.heardAt = now } }
    for worker in registered.keys.sorted() {
      if wasAway { registered[worker]?.lastHeard = now }
      guard let record = registered[worker] else { continue }
      if now.seconds(since: record.lastHeard) >= timeout {
        lose(worker, reason: "silent for \(Int(timeout)) s", now, &random)
      } else if let pause = record.pausedUntil, pause <= now {
        registered[worker]?.pausedUntil = nil
        queueForWork(worker)
      }
    }
    if let pausedUntil, pausedUntil <= now { resumeRun(now) }
    retries.advance(to: now)
    let expired = orphans.filter { $0.value <= now }.keys.sorted()
    free(expired, .infrastructure, "its worker did not come back", worker: nil, open: true, now)
    noteListening(now)
    // A worker repeats what it delivers until it is stored: silence means that it has it no more.
    let patience = policy.liveness.graceSeconds
    let stuck = collections.filter { !$0.value.isHeld && now.seconds(since: $0.value.heardAt) >= patience }
    free(stuck.keys.sorted(), .infrastructure, "result was not delivered", worker: nil, open: true, now)
    for worker in quarantine.keys.sorted() { probe(worker, now, &random) }
    rescheduleAll()
  }

  /// The earliest of everything that waits for its time. O(workers + items in flight), once per wake.
  private mutating func rescheduleAll() {
    wakeAt = nil
    for record in registered.values {
      schedule(record.lastHeard + policy.liveness.timeoutSeconds)
      if let pause = record.pausedUntil { schedule(pause) }
    }
    for deadline in orphans.values { schedule(deadline) }
    if let listening { schedule(listening.noteAt) }
    for collection in collections.values where !collection.isHeld {
      schedule(collection.heardAt + policy.liveness.graceSeconds)
    }
    if let due = retries.nextDue { schedule(due) }
    for confinement in quarantine.values where confinement.probe == nil { schedule(confinement.nextProbe) }
    if let pausedUntil { schedule(pausedUntil) }
  }

  /// Gives a worker up: what it executed is blamed, what it had prefetched goes back free.
  mutating func lose(
    _ worker: WorkerID, reason: String, _ now: FarmInstant, _ random: inout some RandomNumberGenerator
  ) {
    notify(.workerLost(worker, reason: reason))
    releaseAll(of: worker, "worker \(reason)", now, &random)
    forget(worker, now)
    absent[worker] = now
  }

  /// Ends all leases of a worker that went down. What executes is what its last heartbeat says; before that came, the
  /// shard whose turn it was counts as "maybe running", or an item that kills at once would never be blamed.
  private mutating func releaseAll(
    of worker: WorkerID, _ message: String, _ now: FarmInstant, _ random: inout some RandomNumberGenerator
  ) {
    guard let record = registered[worker] else { return }
    let held = record.held
    let named = Set(record.executing.compactMap(current))
    var executing = held.filter(named.contains)
    if executing.isEmpty { executing = record.shards.first?.remaining ?? [] }
    let prefetched = held.filter { !executing.contains($0) }
    blame(executing, message, worker: worker, now, &random)
    free(prefetched, .infrastructure, message, worker: worker, open: true, now)
  }

  func lease(at position: Int) -> Lease {
    let record = items.records[position]
    return Lease(item: items.keys[position], attempt: Int(record.attempt), token: record.token)
  }
}

extension WorkerRecord {
  /// Takes a heartbeat down, and how long it took to make progress. The end of a stall is no such observation, or each
  /// stall would make us more patient with the next one.
  fileprivate mutating func note(_ heartbeat: Heartbeat, _ now: FarmInstant) {
    if heartbeat.progress != progress {
      if !executing.isEmpty, !heartbeat.executing.isEmpty, !isStalled {
        let interval = now.seconds(since: progressedAt)
        progressInterval = progressInterval.map { 0.8 * $0 + 0.2 * interval } ?? interval
      }
      progressedAt = now
      isStalled = false
    }
    if heartbeat.executing != executing { progressedAt = now }
    if heartbeat.executing.isEmpty { isStalled = false }
    progress = heartbeat.progress
    executing = heartbeat.executing
  }
}
