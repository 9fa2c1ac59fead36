import NocturneManifest

/// Near the end, idle workers render what others are late with. A hedge is a second copy under the same lease: whichever
/// result comes first is the lease's, an attempt fails when its last copy has, and pays once.
extension CoordinatorState {
  /// Gives an idle worker a copy of the latest item that somebody alive is late with. O(items in flight), for a heartbeat
  /// of a worker without work.
  mutating func hedge(with worker: WorkerID, _ now: FarmInstant) {
    guard policy.hedging.multiple > 0, phase == .running, pausedUntil == nil, !isHeld, hasRoom(worker) else { return }
    guard registered[worker]?.shards.isEmpty == true, lines.nextBatch() == nil, retries.ready.isEmpty else { return }
    guard let (late, position) = latest(for: worker, now) else { return }
    lastShard += 1
    let lease = lease(at: position)
    record(.leased(token: lease.token, worker: worker, shard: lastShard), at: position)
    hedged.insert(position)
    hedges[position] = worker
    registered[worker]?.shards.append(
      WorkerRecord.HeldShard(
        id: lastShard, batch: items.records[position].batch, grantedAt: now, size: 1, remaining: [position],
        isMeasured: true))
    registered[worker]?.credit -= 1
    registered[worker]?.idleSince = nil
    notify(.itemHedged(lease.item, late: late, by: worker))
    emit(.grant(ShardGrant(id: lastShard, leases: [lease], positions: [position]), to: worker))
  }

  /// The item that is latest by the farm's pace, and would be reached last by its holder. Suspects are not hedged: a poison
  /// item takes one worker down at a time.
  private func latest(for worker: WorkerID, _ now: FarmInstant) -> (WorkerID, Int)? {
    var found: (late: Double, holder: WorkerID, position: Int)?
    for (holder, record) in registered.sorted(by: { $0.key < $1.key }) where holder != worker {
      guard now.seconds(since: record.lastHeard) <= 2 * policy.liveness.heartbeatSeconds else { continue }
      guard let first = record.shards.first else { continue }
      let begun = max(first.grantedAt, record.lastShardEnd ?? first.grantedAt)
      var usual = 0.0
      for shard in record.shards {
        guard let pace = speeds[shard.batch] else { break }
        usual += pace * Double(shard.size)
        let allowed = max(policy.hedging.floorSeconds, policy.hedging.multiple * usual)
        let late = now.seconds(since: begun) - allowed
        guard late > 0, late >= found?.late ?? 0 else { continue }
        let position = shard.remaining.last { position in
          holders[position] == holder && !hedged.contains(position) && !items.records[position].isSuspect
            && mayTake(position, worker)
        }
        if let position { found = (late, holder, position) }
      }
    }
    return found.map { ($0.holder, $0.position) }
  }

  /// One of two that render an item is out of it; the attempt goes on with the other. False when there are not two.
  mutating func withdraw(_ position: Int, from worker: WorkerID?, _ now: FarmInstant) -> Bool {
    guard let worker, let hedge = hedges[position], let holder = holders[position] else { return false }
    guard worker == hedge || worker == holder else { return false }
    hedges[position] = nil
    holders[position] = worker == holder ? hedge : holder
    strike(position, from: worker, isFinished: false, now)
    return true
  }

  /// A worker turns out to render what another one holds.
  mutating func join(_ position: Int, by worker: WorkerID, _ adopted: inout [Int]) {
    hedges[position] = worker
    hedged.insert(position)
    adopted.append(position)
  }

  /// A second result of an item whose first one is on its way in. True when it differs and was refused; an equal one may
  /// take the first one's place.
  mutating func differ(
    _ receipt: Receipt, from worker: WorkerID, _ first: Receipt, from deliverer: WorkerID, _ now: FarmInstant
  ) -> Bool {
    guard receipt.facts.sha256 != first.facts.sha256 else { return false }
    if receipt.numericClass == first.numericClass { doubt(receipt, accepted: first.worker, now) }
    refuse(receipt, "another result came first", from: worker)
    return true
  }
}
