import NocturneManifest

/// Opening a run, for the first time or again.
extension CoordinatorState {
  mutating func load(_ entries: [ItemEntry]) {
    precondition(phase == .opening, "itemsLoaded in \(phase)")
    for entry in entries { items.append(entry) }
  }

  mutating func replay(_ transitions: [Transition]) {
    precondition(phase == .opening, "transitionsReplayed in \(phase)")
    for transition in transitions {
      guard let position = items.position(of: transition.item) else { continue }
      if case .done(let receipt) = transition.change {
        numericClass = numericClass ?? receipt.numericClass
        modelFingerprint = modelFingerprint ?? receipt.modelFingerprint
        praise(receipt.worker, at: position, failedBy: items.failures[position]?.payers ?? [])
      }
      leasedIn[position] = nil
      if case .leased(_, _, let shard) = transition.change {
        lastShard = max(lastShard, shard)
        leasedIn[position] = shard
      }
      items.apply(transition, at: position, runClass: numericClass)
    }
  }

  /// Puts everything in its place. Leases of an earlier life count as maybe running until the grace is over, of which
  /// earlier lives may have waited for a part: a coordinator that never lives through a whole grace takes back what died
  /// with its workers all the same. Items that were under suspicion go out alone, at once: how they were grouped, and for
  /// how long they were to wait, is forgotten.
  mutating func start(_ now: FarmInstant) {
    precondition(phase == .opening, "started in \(phase)")
    phase = .running
    for position in 0..<items.count {
      let record = items.records[position]
      switch record.phase {
      case .waiting where record.attempt == 0: lines.append(position, batch: Int(record.batch))
      case .waiting: queueAgain(position, now)
      case .leased:
        let deadline = now + graceLeft(sinceShard: leasedIn[position] ?? 0)
        orphans[position] = deadline
        schedule(deadline)
      case .done, .dead, .cancelled: break
      }
    }
    (leasedIn, formerLives) = ([:], [])
    if let last = orphans.values.max() {
      listen(now)
      if !isHeld { notify(.awaitingLeases(orphans.count, seconds: last.seconds(since: now))) }
    }
    if isHeld, items.counts.undecided > 0 { notify(.heldByOperator(atWork: orphans.count)) }
  }

  /// An item that was decided is to be rendered again.
  mutating func reopen(_ item: ItemKey, reason: String, _ now: FarmInstant) {
    guard let position = items.position(of: item), !phase.isOver else { return }
    guard [.done, .dead].contains(items.records[position].phase) else { return }
    reopen([position], reason: reason, now)
  }

  mutating func reopen(_ positions: [Int], reason: String, _ now: FarmInstant) {
    for position in positions { record(.reopened(reason: reason), at: position) }
    for position in positions {
      emit(.retract(items.keys[position]))
      if phase != .opening { queueAgain(position, now) }
    }
  }

  /// Puts a waiting item where it can be granted from: suspects apart, the others back to their place in the order.
  mutating func queueAgain(_ position: Int, _ now: FarmInstant) {
    let record = items.records[position]
    if record.isSuspect {
      retries.insert(RetryQueue.Group(positions: [position], due: now), now: now)
    } else {
      lines.putBack(position, batch: Int(record.batch))
    }
  }

  /// Takes a waiting item out of the queues, because a result or a holder of its last lease turned up.
  mutating func unqueue(_ position: Int) {
    let found = lines.remove(position, batch: Int(items.records[position].batch)) || retries.remove(position)
    precondition(found, "unqueue: \(items.keys[position]) waits nowhere")
  }
}
