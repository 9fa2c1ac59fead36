import NocturneManifest

/// Handing out work.
extension CoordinatorState {
  /// The worker has room for `credit` more shards.
  mutating func offer(_ credit: Int, by worker: WorkerID) {
    registered[worker]?.credit = max(0, credit)
    if registered[worker]?.executing.isEmpty == true { registered[worker]?.isStalled = false }
    queueForWork(worker)
  }

  mutating func queueForWork(_ worker: WorkerID) {
    guard hasRoom(worker), registered[worker]?.isHungry == false else { return }
    registered[worker]?.isHungry = true
    hungry.append(worker)
  }

  func hasRoom(_ worker: WorkerID) -> Bool {
    guard let record = registered[worker] else { return false }
    return record.credit > 0 && !record.isSated && record.shards.count < policy.credit && record.pausedUntil == nil
      && !record.isStalled
      && record.delivering < policy.uncollectedLimit && !isBarred(worker)
  }

  /// Grants while there is work and room: first to those that have nothing, then to those that could prefetch.
  mutating func grantWork(_ now: FarmInstant, _ random: inout some RandomNumberGenerator) {
    guard phase == .running, pausedUntil == nil, !isHeld, !hungry.isEmpty else { return }
    guard lines.nextBatch() != nil || !retries.ready.isEmpty else { return }
    dropSated()
    for depth in 0..<policy.credit {
      for worker in hungry where registered[worker]?.shards.count == depth && hasRoom(worker) {
        grantShard(to: worker, now, &random)
      }
    }
    dropSated()
  }

  private mutating func dropSated() {
    let sated = hungry.filter { !hasRoom($0) }
    if sated.isEmpty { return }
    for worker in sated { registered[worker]?.isHungry = false }
    hungry.removeAll { registered[$0]?.isHungry != true }
  }

  private mutating func grantShard(
    to worker: WorkerID, _ now: FarmInstant, _ random: inout some RandomNumberGenerator
  ) {
    var positions = retries.takeable(atMost: policy.sharding.maxItems) { mayTake($0, worker) }
    if !positions.isEmpty {
      retries.take(positions)
    } else {
      guard let batch = lines.nextBatch() else { return }
      positions = lines.take(shardSize(for: worker, batch: UInt32(batch)), batch: batch)
    }
    lastShard += 1
    var leases: [Lease] = []
    for position in positions {
      let token = max(1, random.next())
      record(.leased(token: token, worker: worker, shard: lastShard), at: position)
      leases.append(Lease(item: items.keys[position], attempt: Int(items.records[position].attempt), token: token))
      holders[position] = worker
    }
    registered[worker]?.shards.append(
      WorkerRecord.HeldShard(
        id: lastShard, batch: items.records[positions[0]].batch, grantedAt: now, size: positions.count,
        remaining: positions, isMeasured: true))
    registered[worker]?.credit -= 1
    registered[worker]?.idleSince = nil
    emit(.grant(ShardGrant(id: lastShard, leases: leases, positions: positions), to: worker))
  }

  /// Not twice to a worker that failed it, while there is another that did not.
  func mayTake(_ position: Int, _ worker: WorkerID) -> Bool {
    guard let failed = items.failures[position]?.workers, failed.contains(worker) else { return true }
    return !registered.contains { !$0.value.isStalled && !failed.contains($0.key) && !isBarred($0.key) }
  }

  /// What the worker renders in the target time, less towards the end so that all finish together.
  func shardSize(for worker: WorkerID, batch: UInt32) -> Int {
    let seconds = registered[worker]?.speeds[batch] ?? speeds[batch]
    let slots = 2 * max(1, registered.count)
    let share = (items.counts.waiting + slots - 1) / slots
    return max(1, min(policy.sharding.size(secondsEach: seconds), share))
  }

  /// The shell could not send the shard: nobody has it.
  mutating func takeBack(_ shard: UInt64, from worker: WorkerID, _ now: FarmInstant) {
    guard let held = registered[worker]?.shards.first(where: { $0.id == shard }) else {
      return withdrawProbe(shard, from: worker, now)
    }
    free(held.remaining, .infrastructure, "grant not delivered", worker: worker, open: false, now)
    // Nothing more until it speaks of room again: the next grant would not leave either.
    registered[worker]?.credit = 0
  }
}
