import NocturneManifest

/// Who works here.
extension CoordinatorState {
  /// A hello: check that the worker fits, take up what it holds, welcome it.
  mutating func register(
    _ hello: WorkerHello, from worker: WorkerID, _ now: FarmInstant, _ random: inout some RandomNumberGenerator
  ) {
    guard phase != .opening else { return }
    if case .over(let outcome) = phase {
      if absent[worker] != nil, misfit(of: hello) == nil { welcomeBack(hello, from: worker) }
      return send(outcome.farewell, to: worker)
    }
    if let reason = misfit(of: hello) {
      send(.refused(reason: reason), to: worker)
      return notify(.workerRefused(worker, reason: reason))
    }
    if let known = registered[worker], (known.host, known.processID) != (hello.host, hello.processID) {
      lose(worker, reason: "superseded by process \(hello.processID) on \(hello.host)", now, &random)
    }
    if registered[worker] == nil {
      registered[worker] = WorkerRecord(hello, now: now)
      registered[worker]?.delivering = collections.values.count { $0.deliverer == worker }
      notify(.workerJoined(worker, host: hello.host, cores: hello.cores))
      if let numericClass, hello.numericClass != numericClass {
        notify(.numericClassDiffers(worker, theirs: hello.numericClass, ours: numericClass))
      }
      schedule(now + policy.liveness.timeoutSeconds)
    }
    absent[worker] = nil
    modelFingerprint = modelFingerprint ?? hello.modelFingerprint
    numericClass = numericClass ?? hello.numericClass
    registered[worker]?.lastHeard = now
    registered[worker]?.isSated = false
    forgetProbe(of: worker, now)
    let unwanted = reconcile(worker, holding: hello.holding, now)
    send(
      .welcome(
        run: run.name, heartbeatSeconds: policy.liveness.heartbeatSeconds,
        timeoutSeconds: policy.liveness.timeoutSeconds), to: worker)
    if !unwanted.isEmpty { send(.revoke(unwanted), to: worker) }
    if phase == .draining { send(.drain, to: worker) }
    offer(hello.credit, by: worker)
  }

  /// Why this worker cannot work on this run; nil when it can.
  private func misfit(of hello: WorkerHello) -> String? {
    if hello.protocolVersion != farmProtocolVersion {
      return "protocol \(hello.protocolVersion), the coordinator speaks \(farmProtocolVersion): "
        + "use the same build on both sides (worker: \(hello.build))"
    }
    if let modelFingerprint, hello.modelFingerprint != modelFingerprint {
      return "model \(hello.modelFingerprint.prefix(12)), the run is of model \(modelFingerprint.prefix(12)): "
        + "start the worker with the run's --model"
    }
    return nil
  }

  /// Compares what a worker says it holds with the books: takes up what is still its own, and returns what it should
  /// drop. What the books give it and it does not name may be finished and on its way, or never have arrived: that is
  /// waited for a while.
  private mutating func reconcile(_ worker: WorkerID, holding: [Lease], _ now: FarmInstant) -> [Lease] {
    let held = Set(holding.compactMap { items.position(of: $0.item) })
    let missing = (registered[worker]?.held ?? []).filter { !held.contains($0) }
    loseSight(of: missing, from: worker, now)
    // A stalled one would have it back for good: it is not looked at again before it moves.
    return registered[worker]?.isStalled == true ? holding : adopt(holding, by: worker, now)
  }

  /// Takes up leases that still count under this worker, as one shard for each batch key; returns those that do not.
  mutating func adopt(_ leases: [Lease], by worker: WorkerID, _ now: FarmInstant) -> [Lease] {
    var unwanted: [Lease] = []
    var adopted: [Int] = []
    for lease in leases {
      guard let position = current(lease) else {
        unwanted.append(lease)
        continue
      }
      // Finished since it said so, and on its way.
      if let collection = collections[position] {
        if collection.deliverer != worker { unwanted.append(lease) }
        continue
      }
      if holders[position] == worker || hedges[position] == worker { continue }
      if holders[position] != nil {
        // Both render it, as the books of an earlier life of ours said.
        if hedges[position] != nil { unwanted.append(lease) } else { join(position, by: worker, &adopted) }
        continue
      }
      if items.records[position].phase == .waiting {
        resume(position, by: worker, shard: lastShard + 1)
      } else {
        renewOrphan(position, by: worker)
        detach(position, now)
      }
      holders[position] = worker
      adopted.append(position)
    }
    for (batch, positions) in Dictionary(grouping: adopted, by: { items.records[$0].batch }).sorted(by: {
      $0.key < $1.key
    }) {
      lastShard += 1
      registered[worker]?.shards.append(
        WorkerRecord.HeldShard(
          id: lastShard, batch: batch, grantedAt: now, size: positions.count, remaining: positions.sorted(),
          isMeasured: false))
    }
    return unwanted
  }

  /// A waiting item whose last lease was not over after all: its holder or its result turned up.
  mutating func resume(_ position: Int, by worker: WorkerID, shard: UInt64) {
    unqueue(position)
    renew(position, by: worker, shard: shard)
  }

  /// A lease out of sight is heard of: journaled, so that no later life counts as waited for in vain what this one waited.
  mutating func renewOrphan(_ position: Int, by worker: WorkerID) {
    guard orphans[position] != nil else { return }
    lastShard += 1
    renew(position, by: worker, shard: lastShard)
  }

  /// The same lease, found with its holder.
  private mutating func renew(_ position: Int, by worker: WorkerID, shard: UInt64) {
    record(.leased(token: items.records[position].token, worker: worker, shard: shard), at: position)
  }

  /// The position of a lease's item when that lease is the last one and its result would be taken; else nil.
  func current(_ lease: Lease) -> Int? {
    guard let position = items.position(of: lease.item) else { return nil }
    let record = items.records[position]
    guard record.token == lease.token, record.token != 0, Int(record.attempt) == lease.attempt else { return nil }
    return record.phase == .waiting || record.phase == .leased ? position : nil
  }

  /// Somebody we do not know spoke: we were restarted, or gave it up.
  mutating func challenge(_ worker: WorkerID, _ message: WorkerMessage, _ now: FarmInstant) {
    if case .goodbye = message {
      absent[worker] = nil
      return
    }
    guard case .over(let outcome) = phase else { return send(.register, to: worker) }
    if case .finished(let receipt, _) = message, settle(receipt, from: worker, now) { return }
    // Of the missing we want to hear first what they have.
    send(partingUntil != nil && absent[worker] != nil ? .register : outcome.farewell, to: worker)
  }

  mutating func dismiss(_ worker: WorkerID, _ now: FarmInstant) {
    // It hands back what it has not rendered. The rest is in its outbox, or a grant that crossed its goodbye.
    loseSight(of: registered[worker]?.held ?? [], from: worker, now)
    forget(worker, now)
    notify(.workerLeft(worker))
  }

  /// Strikes a worker off. What it was delivering may have come whole and be stored at this moment; else it is in its
  /// outbox, and has a grace to be delivered again, by it or by somebody in its place.
  mutating func forget(_ worker: WorkerID, _ now: FarmInstant) {
    for position in collections.keys where collections[position]?.deliverer == worker {
      collections[position]?.heardAt = now
      schedule(now + policy.liveness.graceSeconds)
    }
    registered[worker] = nil
    hungry.removeAll { $0 == worker }
    quarantine[worker] = nil
    queueQuarantined()
  }
}
