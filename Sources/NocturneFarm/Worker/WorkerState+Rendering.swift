/// Work coming in, results going out.
extension WorkerState {
  /// A shard was granted. What is held or rendered already (a doubled message) is left out.
  mutating func queue(_ shard: Shard, _ now: FarmInstant) {
    guard run != nil else { return }
    let leases = shard.items.map(\.lease)
    guard leaving == nil else { return send(.returned(leases)) }
    let held = Set(holding)
    let fresh = shard.items.filter { !held.contains($0.lease) && outbox[$0.lease] == nil }
    if fresh.isEmpty { return }
    queue.append(Shard(id: shard.id, items: fresh))
    startNext(now)
  }

  mutating func startNext(_ now: FarmInstant) {
    guard rendering == nil, !queue.isEmpty, let run, let shard = nextThatFits(now) else { return }
    startedShards += 1
    // Or the coordinator would grant the next one as soon as it has these results.
    if isVisitOver { send(.ready(credit: 0)) }
    rendering = Rendering(shard: shard, startedAt: now, undecided: shard.items.map(\.lease))
    emit(.render(shard, run: run))
    // At once: should the first item take us down, the coordinator has to know which one it was.
    beat(now)
  }

  private mutating func beat(_ now: FarmInstant) {
    guard phase == .registered else { return }
    emit(.beat(executing: executing))
    nextBeat = now + heartbeatSeconds
  }

  mutating func finish(_ receipt: Receipt, _ now: FarmInstant) {
    guard decide(receipt.lease), let run else { return emit(.discard([receipt.lease])) }
    outbox.insert(OutboxEntry(run: run, receipt: receipt))
    if phase == .registered { deliver(receipt, now) }
  }

  mutating func fail(_ lease: Lease, _ fault: RenderFault) {
    guard decide(lease) else { return }
    if phase == .registered {
      send(.failed(lease, fault.failureClass, message: fault.message))
    } else {
      failures.append(Failure(lease: lease, fault: fault))
    }
  }

  /// Takes an item off the render thread's books; false when nobody wants to hear of it any more.
  private mutating func decide(_ lease: Lease) -> Bool {
    guard let index = rendering?.undecided.firstIndex(of: lease) else { return false }
    rendering?.undecided.remove(at: index)
    return rendering?.revoked.contains(lease) == false
  }

  mutating func endShard(_ id: UInt64, _ now: FarmInstant) {
    guard let ended = rendering, ended.shard.id == id else { return }
    rendering = nil
    measure(ended, now)
    let left = ended.undecided.filter { !ended.revoked.contains($0) }
    if !left.isEmpty, phase == .registered { send(.returned(left)) }
    startNext(now)
    if phase == .registered, rendering == nil, leaving == nil {
      beat(now)
      send(.ready(credit: room))
    }
  }

  mutating func discard(_ leases: [Lease]) {
    let known = leases.filter { outbox.remove($0) }
    if !known.isEmpty { emit(.discard(known)) }
  }

  mutating func revoke(_ leases: [Lease]) {
    discard(leases)
    drop(leases)
  }

  /// Forgets leases that are not rendered yet; the render thread is called off when nothing on it is wanted.
  mutating func drop(_ leases: [Lease]) {
    let dropped = Set(leases)
    queue = queue.compactMap { shard in
      let kept = shard.items.filter { !dropped.contains($0.lease) }
      return kept.isEmpty ? nil : kept.count == shard.items.count ? shard : Shard(id: shard.id, items: kept)
    }
    failures.removeAll { dropped.contains($0.lease) }
    guard var current = rendering else { return }
    current.revoked.formUnion(current.undecided.filter(dropped.contains))
    if !current.isCancelled, current.undecided.allSatisfy(current.revoked.contains), !current.undecided.isEmpty {
      current.isCancelled = true
      emit(.cancelRender(shard: current.shard.id))
    }
    rendering = current
  }
}
