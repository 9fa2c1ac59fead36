import NocturneManifest

/// How leases end without a result.
extension CoordinatorState {
  /// Takes a leased item from whoever has it. Its phase does not change: the caller says what becomes of it.
  /// - Parameter finisher: who brought its result, if that is why.
  mutating func detach(_ position: Int, _ now: FarmInstant, finishedBy finisher: WorkerID? = nil) {
    orphans[position] = nil
    if let collection = collections.removeValue(forKey: position) {
      registered[collection.deliverer]?.delivering -= 1
      queueForWork(collection.deliverer)
      if finisher == nil { emit(.abandon(collection.receipt.lease)) }
    }
    for worker in [holders.removeValue(forKey: position), hedges.removeValue(forKey: position)].compactMap(\.self) {
      strike(position, from: worker, isFinished: worker == finisher, now)
    }
  }

  /// Leases that are no longer with a worker, and not known to be over: whoever has them, or their results, has a grace
  /// to show up in. What another worker renders too stays with that one.
  mutating func loseSight(of positions: [Int], from worker: WorkerID, _ now: FarmInstant) {
    for position in positions where !withdraw(position, from: worker, now) {
      detach(position, now)
      orphans[position] = now + policy.liveness.graceSeconds
      schedule(now + policy.liveness.graceSeconds)
    }
  }

  /// Takes an item off the books of one worker.
  mutating func strike(_ position: Int, from worker: WorkerID, isFinished: Bool, _ now: FarmInstant) {
    guard let index = registered[worker]?.shards.firstIndex(where: { $0.remaining.contains(position) }) else {
      preconditionFailure("strike: \(worker) does not hold \(items.keys[position])")
    }
    registered[worker]?.shards[index].remaining.removeAll { $0 == position }
    if isFinished {
      registered[worker]?.shards[index].finished += 1
      registered[worker]?.finishedItems += 1
    }
    if registered[worker]?.shards[index].remaining.isEmpty == true { endShard(at: index, of: worker, now) }
  }

  /// All items of a shard are decided: its holder has room again, and we know how fast it was.
  private mutating func endShard(at index: Int, of worker: WorkerID, _ now: FarmInstant) {
    guard var record = registered.removeValue(forKey: worker) else { return }
    let shard = record.shards.remove(at: index)
    if shard.finished == shard.size, shard.isMeasured {
      let begin = max(shard.grantedAt, record.lastShardEnd ?? shard.grantedAt)
      let seconds = now.seconds(since: begin) / Double(shard.size)
      record.speeds[shard.batch] = record.speeds[shard.batch].map { ($0 + seconds) / 2 } ?? seconds
      speeds[shard.batch] = speeds[shard.batch].map { 0.75 * $0 + 0.25 * seconds } ?? seconds
    }
    record.lastShardEnd = now
    record.credit = min(policy.credit, record.credit + 1)
    registered[worker] = record
    queueForWork(worker)
  }

  /// Returns leased items to their place, at no cost. What another worker renders too stays with that one.
  mutating func free(
    _ positions: [Int], _ failureClass: FailureClass, _ message: String, worker: WorkerID?, open: Bool,
    _ now: FarmInstant
  ) {
    for position in positions where !withdraw(position, from: worker, now) {
      detach(position, now)
      record(
        .released(
          Release(failureClass: failureClass, message: message, worker: worker, costsTry: false, open: open)),
        at: position)
      queueAgain(position, now)
    }
  }

  /// A worker went down with these items on its hands. One alone pays. Of several nobody knows which it was: they
  /// pay nothing yet, and go out again in two halves, so that a poison item is alone after log2 of them.
  mutating func blame(
    _ positions: [Int], _ message: String, worker: WorkerID, _ now: FarmInstant,
    _ random: inout some RandomNumberGenerator
  ) {
    let wasAlone = positions.count == 1
    let positions = positions.filter { !withdraw($0, from: worker, now) }
    if wasAlone {
      for position in positions { settle(position, .workerFault, message, worker: worker, open: true, now, &random) }
      return
    }
    let half = (positions.count + 1) / 2
    let delay = policy.retry.backoff.delaySeconds(1, &random)
    for position in positions {
      detach(position, now)
      record(
        .released(
          Release(
            failureClass: .workerFault, message: message, worker: worker, costsTry: false, open: true,
            shardLimit: half, delaySeconds: delay)),
        at: position)
    }
    for group in [positions[..<half], positions[half...]] where !group.isEmpty {
      retries.insert(RetryQueue.Group(positions: Array(group), due: now + delay), now: now)
    }
    schedule(now + delay)
  }

  /// The item pays what the policy asks for.
  mutating func settle(
    _ position: Int, _ failureClass: FailureClass, _ message: String, worker: WorkerID, open: Bool, _ now: FarmInstant,
    _ random: inout some RandomNumberGenerator
  ) {
    noteFirstFailure(position, failureClass, message, worker: worker)
    switch policy.failures[failureClass] {
    case .dead: bury(position, failureClass, message, worker: worker, now)
    case .try: charge(position, failureClass, message, worker: worker, open: open, now, &random)
    case .free: free([position], failureClass, message, worker: worker, open: open, now)
    }
  }

  /// The item pays a try: it goes out again after a while, or is dead.
  private mutating func charge(
    _ position: Int, _ failureClass: FailureClass, _ message: String, worker: WorkerID, open: Bool, _ now: FarmInstant,
    _ random: inout some RandomNumberGenerator
  ) {
    let tries = Int(items.records[position].tries) + 1
    guard tries < policy.retry.limit else { return bury(position, failureClass, message, worker: worker, now) }
    detach(position, now)
    let delay = policy.retry.backoff.delaySeconds(tries, &random)
    record(
      .released(
        Release(
          failureClass: failureClass, message: message, worker: worker, costsTry: true, open: open,
          delaySeconds: delay)),
      at: position)
    retries.insert(RetryQueue.Group(positions: [position], due: now + delay), now: now)
    schedule(now + delay)
    notify(
      .itemRetries(items.keys[position], failureClass, message: message, tries: tries, delaySeconds: delay))
  }

  private mutating func bury(
    _ position: Int, _ failureClass: FailureClass, _ message: String, worker: WorkerID, _ now: FarmInstant
  ) {
    detach(position, now)
    record(.died(failureClass, message: message, worker: worker), at: position)
    let key = items.keys[position]
    emit(
      .report(
        DeadItem(
          item: key, failureClass: failureClass, message: message, attempts: Int(items.records[position].attempt),
          workers: items.failures[position]?.workers ?? [])))
    notify(.itemDied(key, failureClass, message: message))
  }
}

extension BackoffPolicy {
  /// The pause after the n-th time in a row, n from 1.
  func delaySeconds(_ n: Int, _ random: inout some RandomNumberGenerator) -> Double {
    let spread = jitter == 0 ? 1 : 1 + jitter * Double.random(in: -1...1, using: &random)
    return pauseSeconds(n) * spread
  }

  /// The same without jitter.
  func pauseSeconds(_ n: Int) -> Double {
    var delay = seconds
    for _ in 1..<max(1, n) where delay < limitSeconds { delay *= 2 }
    return min(delay, limitSeconds)
  }
}
