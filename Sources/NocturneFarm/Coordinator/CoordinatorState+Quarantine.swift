import NocturneManifest

/// Workers that fail what others can render: they get nothing but probes until one passes. The last worker that is left
/// is never shut out.
extension CoordinatorState {
  /// In quarantine, and there is somebody else to do the work.
  func isBarred(_ worker: WorkerID) -> Bool {
    guard quarantine[worker] != nil else { return false }
    return registered.contains { quarantine[$0.key] == nil && !$0.value.isStalled }
  }

  /// A result was accepted: whoever failed the item before could not do what can be done.
  mutating func praise(_ receipt: Receipt, at position: Int, failedBy failed: [WorkerID], _ now: FarmInstant) {
    accepted += 1
    registered[receipt.worker]?.failuresInARow = 0
    if hedged.contains(position) { acceptors[position] = receipt.worker }
    praise(receipt.worker, at: position, failedBy: failed)
    for worker in failed where worker != receipt.worker { judge(worker, now) }
  }

  /// The lasting part of it; also how the journal is read.
  mutating func praise(_ worker: WorkerID, at position: Int, failedBy failed: [WorkerID]) {
    firstFailures = nil
    reputations[worker, default: Reputation()].finished += 1
    reputations[worker]?.sample = position
    for other in failed where other != worker { reputations[other, default: Reputation()].strikes += 1 }
  }

  /// The worker failed an item, whoever's fault that is.
  mutating func noteFailure(by worker: WorkerID, _ now: FarmInstant, _ random: inout some RandomNumberGenerator) {
    guard let record = registered[worker] else { return }
    if record.failuresInARow == 0 { registered[worker]?.acceptedBefore = accepted }
    registered[worker]?.failuresInARow += 1
    judge(worker, now)
  }

  private mutating func judge(_ worker: WorkerID, _ now: FarmInstant) {
    guard let record = registered[worker], policy.quarantine.failures > 0 else { return }
    let reputation = reputations[worker] ?? Reputation()
    let decided = reputation.finished + reputation.strikes
    if reputation.strikes >= policy.quarantine.failures,
      Double(reputation.strikes) >= policy.quarantine.share * Double(decided)
    {
      confine(worker, "\(reputation.strikes) items that it failed were rendered by others", now)
    } else if record.failuresInARow >= policy.quarantine.failures, accepted > record.acceptedBefore {
      confine(worker, "it failed \(record.failuresInARow) items in a row while others rendered theirs", now)
    }
  }

  /// Two results of one item differ, although they must not: which of the two nodes is sick, probes tell.
  mutating func doubt(_ receipt: Receipt, accepted other: WorkerID?, _ now: FarmInstant) {
    notify(.digestsDiffer(receipt.lease.item, worker: receipt.worker, other: other))
    guard policy.quarantine.failures > 0 else { return }
    for worker in [receipt.worker, other].compactMap(\.self) {
      confine(worker, "its bytes of \(receipt.lease.item) are not those of another worker", now)
    }
  }

  /// Shuts a worker out, unless it is the last. What it holds goes free.
  private mutating func confine(_ worker: WorkerID, _ reason: String, _ now: FarmInstant) {
    guard let record = registered[worker], quarantine[worker] == nil, !phase.isOver else { return }
    guard registered.contains(where: { $0.key != worker && quarantine[$0.key] == nil && !$0.value.isStalled }) else {
      return
    }
    notify(.workerQuarantined(worker, reason: reason))
    let pause = record.confinements == 0 ? 0 : policy.quarantine.probe.pauseSeconds(record.confinements)
    quarantine[worker] = Confinement(nextProbe: now + pause, setbacks: record.confinements)
    registered[worker]?.confinements += 1
    let leases = record.held.map(lease(at:))
    free(record.held, .preempted, "worker quarantined", worker: worker, open: false, now)
    if !leases.isEmpty { send(.revoke(leases), to: worker) }
    schedule(now + pause)
  }

  /// Whoever is in quarantine may have become the last one.
  mutating func queueQuarantined() {
    for worker in quarantine.keys.sorted() { queueForWork(worker) }
  }

  // MARK: Probes

  /// Has the worker render something again that another one rendered, when that is due.
  mutating func probe(_ worker: WorkerID, _ now: FarmInstant, _ random: inout some RandomNumberGenerator) {
    guard let confinement = quarantine[worker], confinement.probe == nil, confinement.nextProbe <= now else { return }
    guard phase == .running, !isHeld, let position = sample(for: worker) else {
      return postpone(worker, by: policy.quarantine.probeSeconds, now)
    }
    let lease = Lease(
      item: items.keys[position], attempt: Int(items.records[position].attempt), token: max(1, random.next()))
    lastShard += 1
    quarantine[worker]?.probe = Confinement.Probe(lease: lease, shard: lastShard, seenAt: now)
    emit(.grant(ShardGrant(id: lastShard, leases: [lease], positions: [position]), to: worker))
  }

  /// A done item that somebody else rendered, preferably one who is above suspicion.
  private func sample(for worker: WorkerID) -> Int? {
    let others = reputations.filter { other, reputation in
      guard other != worker, let sample = reputation.sample else { return false }
      return items.records[sample].phase == .done && !items.records[sample].isForeign
    }
    let trusted = others.filter { quarantine[$0.key] == nil }
    return (trusted.isEmpty ? others : trusted).min { $0.key < $1.key }?.value.sample
  }

  /// Whether this is the result of the worker's probe; then it is judged. Another numeric class cannot be compared.
  mutating func endProbe(_ receipt: Receipt, from worker: WorkerID, _ now: FarmInstant) -> Bool {
    guard let probe = quarantine[worker]?.probe, probe.lease == receipt.lease,
      let position = items.position(of: receipt.lease.item)
    else { return false }
    send(.acknowledge([receipt.lease]), to: worker)
    let record = items.records[position]
    if receipt.numericClass == numericClass, record.phase == .done,
      ArtifactDigest(hexadecimal: receipt.facts.sha256) != record.digest
    {
      setBack(worker, "it made other bytes of \(receipt.lease.item)", now)
    } else {
      quarantine[worker] = nil
      reputations[worker]?.strikes = 0
      reputations[worker]?.finished = 0
      registered[worker]?.failuresInARow = 0
      notify(.workerReturned(worker))
      queueForWork(worker)
    }
    return true
  }

  /// Whether it was a probe that failed.
  mutating func failProbe(_ lease: Lease, message: String, by worker: WorkerID, _ now: FarmInstant) -> Bool {
    guard quarantine[worker]?.probe?.lease == lease else { return false }
    setBack(worker, message, now)
    return true
  }

  private mutating func setBack(_ worker: WorkerID, _ reason: String, _ now: FarmInstant) {
    guard let setbacks = quarantine[worker]?.setbacks else { return }
    let pause = policy.quarantine.probe.pauseSeconds(setbacks + 1)
    quarantine[worker]?.setbacks += 1
    notify(.probeFailed(worker, reason: reason, nextSeconds: pause))
    postpone(worker, by: pause, now)
  }

  private mutating func postpone(_ worker: WorkerID, by seconds: Double, _ now: FarmInstant) {
    quarantine[worker]?.probe = nil
    quarantine[worker]?.nextProbe = now + seconds
    schedule(now + seconds)
  }

  /// A probe that the worker is not seen at got lost on the way, there or back.
  mutating func checkProbe(_ worker: WorkerID, _ now: FarmInstant) {
    guard let probe = quarantine[worker]?.probe else { return }
    if registered[worker]?.executing.contains(probe.lease) == true {
      quarantine[worker]?.probe?.seenAt = now
    } else if now.seconds(since: probe.seenAt) > policy.liveness.graceSeconds {
      postpone(worker, by: 0, now)
    }
  }

  /// The worker registers anew and is told to drop what it does not hold by the books, a probe too.
  mutating func forgetProbe(of worker: WorkerID, _ now: FarmInstant) {
    if quarantine[worker]?.probe != nil { postpone(worker, by: policy.quarantine.probeSeconds, now) }
  }

  /// The grant of a probe could not leave.
  mutating func withdrawProbe(_ shard: UInt64, from worker: WorkerID, _ now: FarmInstant) {
    if quarantine[worker]?.probe?.shard == shard { postpone(worker, by: policy.quarantine.probeSeconds, now) }
  }
}
