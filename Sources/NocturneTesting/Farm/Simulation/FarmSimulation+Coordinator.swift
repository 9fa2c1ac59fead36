import NocturneFarm
import NocturneManifest

/// The coordinator's shell, simulated.
extension FarmSimulation {
  func startCoordinator() {
    coordinatorLife += 1
    abandoned = []
    var policy = plan.policy
    // Who runs the farm has looked: what still fails does so by itself.
    if isMended { policy.earlyStop.items = 0 }
    var state = CoordinatorState(
      run: RunIdentity(name: "night", modelFingerprint: FakeRenderer.fingerprint), policy: policy)
    coordinator = nil
    var instructions = state.handle(.itemsLoaded(source.entries), now: clock(.coordinator), using: &random)
    instructions += state.handle(.transitionsReplayed(journal.transitions), now: clock(.coordinator), using: &random)
    if journal.isHeld { instructions += state.handle(.pauseReplayed, now: clock(.coordinator), using: &random) }
    restoreLines()
    instructions += state.handle(.workersRemembered(workersLeft), now: clock(.coordinator), using: &random)
    instructions += state.handle(.livesRemembered(lives), now: clock(.coordinator), using: &random)
    lives.append(FormerLife(lastShard: state.lastShard, listenedSeconds: 0))
    instructions += state.handle(.started, now: clock(.coordinator), using: &random)
    coordinator = state
    check(.started)
    carryOut(instructions)
  }

  /// Whom the journal names since a life of the coordinator came to its end.
  private var workersLeft: [WorkerID] {
    let recent = journal.transitions.dropFirst(journal.commits.prefix(commitsAtEnd).reduce(0, +))
    let names = recent.compactMap { if case .leased(_, let worker, _) = $0.change { worker } else { nil } }
    return Set(names).sorted()
  }

  /// Writes the metadata and error lines again that a crash swallowed.
  private func restoreLines() {
    for transition in journal.transitions {
      switch transition.change {
      case .done(let receipt):
        if !metadata.contains(where: { $0.lease.item == transition.item }) { metadata.append(receipt) }
      case .died(let failureClass, let message, let worker):
        if !errors.contains(where: { $0.item == transition.item }) {
          errors.append(
            DeadItem(
              item: transition.item, failureClass: failureClass, message: message, attempts: transition.attempt,
              workers: worker.map { [$0] } ?? []))
        }
      case .reopened:
        metadata.removeAll { $0.lease.item == transition.item }
        errors.removeAll { $0.item == transition.item }
      case .leased, .released: break
      }
    }
  }

  func tell(_ event: CoordinatorEvent) {
    guard var state = coordinator else { return }
    coordinator = nil
    let instructions = state.handle(event, now: clock(.coordinator), using: &random)
    coordinator = state
    trace?("\(now) coordinator \(event) -> \(instructions)")
    check(event)
    carryOut(instructions)
  }

  private func check(_ event: CoordinatorEvent) {
    guard let violation = coordinator?.violations.first else { return }
    problems.append("after \("\(event)".prefix(120)): \(violation)")
  }

  private func carryOut(_ instructions: [CoordinatorInstruction]) {
    for instruction in instructions {
      guard coordinator != nil else { return }
      switch instruction {
      case .record(let transitions): record(transitions)
      case .recordPause(let isPaused): commit { try journal.commit(paused: isPaused) }
      case .recordListening(let seconds): commit { lives[lives.count - 1].listenedSeconds = seconds }
      case .answer(let answer, _): answers.append(answer)
      case .grant(let grant, let worker): send(grant, worker)
      case .send(let message, let worker): send(message, worker)
      case .collect(let receipt, _, let worker):
        abandoned.remove(receipt.lease)
        book(
          .collected(receipt, from: worker, life: coordinatorLife),
          in: chance() * plan.delaySeconds * 3 + chance() * plan.diskSeconds)
      case .abandon(let lease): abandoned.insert(lease)
      case .publish(let receipt): metadata.append(receipt)
      case .report(let dead): errors.append(dead)
      case .retract(let item):
        metadata.removeAll { $0.lease.item == item }
        errors.removeAll { $0.item == item }
      case .notify(let notice): notices.append(notice)
      case .wake(let instant): setAlarm(at: instant)
      case .finish(let verdict):
        self.verdict = verdict
        guard verdict.outcome != .complete else { break }
        // Who runs the farm sees to it.
        if verdict.outcome == .stoppedEarly { isMended = true }
        stops += 1
        commitsAtEnd = journal.commits.count
        lives = []
        coordinator = nil
        book(.startCoordinator, in: chance() * 60)
      }
    }
  }

  /// Each commit is a place to die at: before it, or after it and before everything it allows.
  private func record(_ transitions: [Transition]) { commit { try journal.commit(transitions) } }

  private func commit(_ body: () throws -> Void) {
    writes += 1
    let isLast = dieAtWrite?.number == writes
    if happens(plan.coordinatorCrash / 2) || (isLast && dieAtWrite?.isCommitted == false) { return crashCoordinator() }
    do {
      try body()
    } catch {
      problems.append("journal: \(error)")
    }
    if !isCalm, plan.diskSeconds > 0 { sleeping[.coordinator] = now + chance() * plan.diskSeconds / 4 }
    if happens(plan.coordinatorCrash / 2) || isLast { crashCoordinator() }
  }

  func crashCoordinator() {
    coordinatorCrashes += 1
    coordinator = nil
    book(.startCoordinator, in: chance() * 60)
  }

  private func send(_ grant: ShardGrant, _ worker: WorkerID) {
    let shard = Shard(
      id: grant.id,
      items: zip(grant.leases, grant.positions).map { LeasedItem(lease: $0, item: source.item(at: $1)) })
    guard let host = hostOfWorker[worker], hosts[host].process?.id == worker else {
      // The socket may know that the peer is gone, or not yet.
      if chance() < 0.5 { tell(.grantUndelivered(shard: grant.id, to: worker)) }
      return
    }
    let sent = !isCalm && shard.items.count > 1 && chance() < 0.05 ? 1 : shard.items.count
    carry(.reachWorker(.grant(Shard(id: shard.id, items: Array(shard.items.prefix(sent)))), worker), host: host)
    if sent < shard.items.count { tell(.grantCut(Array(grant.leases.dropFirst(sent)), from: worker)) }
  }

  private func send(_ message: CoordinatorMessage, _ worker: WorkerID) {
    guard let host = hostOfWorker[worker] else { return }
    carry(.reachWorker(message, worker), host: host)
  }

  /// The last chunk came in: verify, store.
  func endCollection(_ receipt: Receipt, _ worker: WorkerID, _ life: Int) {
    guard life == coordinatorLife, coordinator != nil, let host = hostOfWorker[worker] else { return }
    // Cut off, dead, or thrown away meanwhile: the fetch gets no answer.
    guard hosts[host].process?.id == worker, hosts[host].cut == nil else { return }
    guard let entry = hosts[host].outbox[receipt.lease] else {
      return carry(.reachWorker(.fetch(receipt.lease, offset: 0, length: 1), worker), host: host)
    }
    // An event that was on its way when the collection was abandoned does no harm.
    if abandoned.contains(receipt.lease), chance() < 0.5 { return }
    if happens(plan.diskFull) { return tell(.storageFell(receipt, message: "disk full", from: worker)) }
    if happens(plan.damage) {
      faults[receipt.lease.item, default: 0] += 1
      return tell(.artifactRejected(receipt, reason: "digest differs", from: worker))
    }
    files[receipt.fileName] = entry.receipt.facts.sha256
    tell(.artifactStored(receipt, from: worker))
  }
}
