import NocturneManifest

/// What operators ask for. Before `started` the state stands for a run that nobody works on.
extension CoordinatorState {
  mutating func obey(_ order: Order, for ticket: OrderTicket, _ now: FarmInstant) {
    emit(.answer(carryOut(order, now), to: ticket))
  }

  private mutating func carryOut(_ order: Order, _ now: FarmInstant) -> OrderAnswer {
    if phase.isOver { return .refused("the run is over") }
    switch order {
    case .retry(let selection): return retry(selection, now)
    case _ where items.counts.undecided == 0: return .refused("the run is over: every item is decided")
    case .pause: return pause(now)
    case .resume: return resume()
    case .drain: return drainOnOrder()
    case .cancel(let selection): return cancel(selection, now)
    }
  }

  /// Items with workers, or on their way in.
  private var atWork: Int { holders.count + collections.count }

  private mutating func pause(_ now: FarmInstant) -> OrderAnswer {
    if isHeld { return .paused(atWork: atWork, wasPaused: true) }
    isHeld = true
    emit(.recordPause(true))
    for worker in registered.keys.sorted() { takePrefetched(from: worker, now) }
    notify(.heldByOperator(atWork: atWork))
    return .paused(atWork: atWork, wasPaused: false)
  }

  /// Takes back every shard that the worker has not begun, as far as we know: that is, all but those it executes
  /// something of, or, before it said so, all but the one whose turn it is.
  private mutating func takePrefetched(from worker: WorkerID, _ now: FarmInstant) {
    guard let record = registered[worker] else { return }
    let executing = Set(record.executing.compactMap(current))
    let hasBegun = record.shards.contains { !executing.isDisjoint(with: $0.remaining) }
    let prefetched =
      hasBegun
      ? record.shards.filter { executing.isDisjoint(with: $0.remaining) }
      : Array(record.shards.dropFirst())
    let positions = prefetched.flatMap(\.remaining)
    if positions.isEmpty { return }
    let leases = positions.map(lease(at:))
    free(positions, .preempted, "the run was paused", worker: worker, open: false, now)
    send(.revoke(leases), to: worker)
  }

  private mutating func resume() -> OrderAnswer {
    guard isHeld else { return .resumed(waiting: items.counts.waiting, wasPaused: false) }
    isHeld = false
    progress = Progress()
    emit(.recordPause(false))
    notify(.releasedByOperator)
    return .resumed(waiting: items.counts.waiting, wasPaused: true)
  }

  private mutating func drainOnOrder() -> OrderAnswer {
    if phase == .opening { return .standing }
    if phase == .running { drain() }
    return .draining(atWork: atWork)
  }

  private mutating func cancel(_ selection: ItemSelection, _ now: FarmInstant) -> OrderAnswer {
    let positions: [Int]
    switch selection {
    case .all, .ended: positions = items.records.indices.filter { !items.records[$0].phase.isDecided }
    case .named(let names):
      switch find(names) {
      case .failure(let fault): return .refused(fault.reason)
      case .success(let found):
        if let decided = found.first(where: { items.records[$0].phase.isDecided }) {
          return .refused("\(items.keys[decided]) is \(items.records[decided].phase) already")
        }
        positions = found
      }
    }
    let waiting = Set(positions.filter { items.records[$0].phase == .waiting })
    lines.remove(waiting)
    retries.remove(waiting)
    for position in positions where !waiting.contains(position) { callOff(position, now) }
    let message = "cancelled by an operator"
    for position in positions { record(.died(.cancelled, message: message, worker: nil), at: position) }
    for position in positions {
      emit(
        .report(
          DeadItem(
            item: items.keys[position], failureClass: .cancelled, message: message,
            attempts: Int(items.records[position].attempt), workers: items.failures[position]?.workers ?? [])))
    }
    notify(.itemsCancelled(positions.count))
    return .cancelled(items: positions.count)
  }

  /// Takes a leased item from all who have it, and says so.
  private mutating func callOff(_ position: Int, _ now: FarmInstant) {
    let lease = lease(at: position)
    let workers = [holders[position], hedges[position], collections[position]?.deliverer].compactMap(\.self)
    detach(position, now)
    for worker in workers { send(.revoke([lease]), to: worker) }
  }

  private mutating func retry(_ selection: ItemSelection, _ now: FarmInstant) -> OrderAnswer {
    let positions: [Int]
    switch selection {
    case .all: positions = items.records.indices.filter { items.records[$0].phase == .dead }
    case .ended(.cancelled): positions = items.records.indices.filter { items.records[$0].phase == .cancelled }
    case .ended(let failureClass): positions = items.failures.filter { $0.value.end == failureClass }.keys.sorted()
    case .named(let names):
      switch find(names) {
      case .failure(let fault): return .refused(fault.reason)
      case .success(let found):
        let open = found.first { ![.dead, .cancelled].contains(items.records[$0].phase) }
        if let open {
          return .refused("\(items.keys[open]) is \(items.records[open].phase); only what is dead can be retried")
        }
        positions = found
      }
    }
    if positions.isEmpty { return .retried(items: 0) }
    reopen(positions, reason: "an operator asked for another go", now)
    notify(.itemsRetried(positions.count))
    return .retried(items: positions.count)
  }

  private struct Unfound: Error { let reason: String }

  /// Positions of the named items, each once, in manifest order.
  private func find(_ names: [String]) -> Result<[Int], Unfound> {
    var found: Set<Int> = []
    for name in names {
      let positions = items.positions(named: name)
      if positions.isEmpty { return .failure(Unfound(reason: "the run has no item '\(name)'")) }
      found.formUnion(positions)
    }
    return .success(found.sorted())
  }
}

extension ItemRecord.Phase {
  /// No result is waited for any more.
  var isDecided: Bool {
    switch self {
    case .waiting, .leased: false
    case .done, .dead, .cancelled: true
    }
  }
}

extension ItemTable {
  /// Positions of a row with all its takes, or of the take that `<id>-t<k>` names; empty when there is none.
  func positions(named name: String) -> [Int] {
    var positions: [Int] = []
    while let next = position(of: ItemKey(row: name, take: positions.count + 1)) { positions.append(next) }
    if !positions.isEmpty { return positions }
    guard let dash = name.lastIndex(of: "-"), name[dash...].hasPrefix("-t"), let take = Int(name[dash...].dropFirst(2))
    else { return [] }
    return position(of: ItemKey(row: String(name[..<dash]), take: take)).map { [$0] } ?? []
  }
}
