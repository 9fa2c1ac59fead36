import NocturneFarm
import NocturneManifest

/// The workers' shells, simulated.
extension FarmSimulation {
  func startWorker(_ host: Int) {
    guard hosts[host].process == nil else { return }
    hosts[host].processes += 1
    let number = hosts[host].processes
    var id = WorkerID("host\(host)-\(number)")
    if number > 1, happens(plan.identityReuse) {
      namesReused += 1
      id = hosts[host].lastName ?? id
    }
    hosts[host].lastName = id
    hostOfWorker[id] = host
    var card = WorkerHello.sample(id.name, processID: hosts[host].processes)
    card.host = "host\(host)"
    var policy = plan.workerPolicy
    if plan.allocationSeconds.isFinite, !isCalm {
      policy.endsAt = clock(.host(host)) + chance() * plan.allocationSeconds
    }
    hosts[host].process = SimulatedHost.Process(
      id: id, number: number, state: WorkerState(card: card, policy: policy))
    for entry in hosts[host].acknowledged { hosts[host].outbox[entry.receipt.lease] = entry }
    hosts[host].acknowledged = []
    let kept = hosts[host].outbox.values.sorted {
      ($0.receipt.lease.item, $0.receipt.lease.attempt, $0.receipt.lease.token)
        < ($1.receipt.lease.item, $1.receipt.lease.attempt, $1.receipt.lease.token)
    }
    tell(id, .outboxLoaded(kept))
    tell(id, .started)
  }

  func tell(_ host: Int, _ number: Int, _ event: WorkerEvent) {
    guard let process = hosts[host].process, process.number == number else { return }
    tell(process.id, event)
  }

  /// Tells a worker process, if it still is there.
  func tell(_ worker: WorkerID, _ event: WorkerEvent) {
    guard let host = hostOfWorker[worker], var process = hosts[host].process, process.id == worker else { return }
    hosts[host].process = nil
    let instructions = process.state.handle(event, now: clock(.host(host)))
    if let violation = process.state.violations.first {
      problems.append("\(worker) after \("\(event)".prefix(120)): \(violation)")
    }
    hosts[host].process = process
    trace?("\(now) \(worker) \(event) -> \(instructions)")
    for instruction in instructions {
      guard hosts[host].process?.id == worker else { return }
      carryOut(instruction, worker, host)
    }
  }

  private func carryOut(_ instruction: WorkerInstruction, _ worker: WorkerID, _ host: Int) {
    guard let number = hosts[host].process?.number else { return }
    switch instruction {
    case .send(let message): carry(.reachCoordinator(message, from: worker), host: host)
    case .beat(let executing):
      guard let process = hosts[host].process else { return }
      if process.rendering != nil, !process.isHanging { hosts[host].process?.progress += 1 }
      let beat = Heartbeat(progress: hosts[host].process?.progress ?? 0, executing: executing)
      carry(.reachCoordinator(.heartbeat(beat), from: worker), host: host)
    case .deliver(let receipt):
      if hosts[host].outbox[receipt.lease] == nil { problems.append("\(worker) delivers what it does not have") }
      carry(.reachCoordinator(.finished(receipt, inline: nil), from: worker), host: host)
    case .serve(let lease, _, _):
      // Thrown away when it was asked for, and rendered once more under the same lease since.
      guard let entry = hosts[host].outbox[lease] else {
        return problems.append("\(worker) serves what it does not have")
      }
      book(.collected(entry.receipt, from: worker, life: coordinatorLife), in: chance() * plan.delaySeconds)
    case .render(let shard, _): render(shard, worker, host, number)
    case .cancelRender(let shard):
      book(.renderEnded(shard: shard, host: host, process: number), in: outboxSeconds + chance() + 0.001)
    case .discard(let leases):
      for entry in leases.compactMap({ hosts[host].outbox.removeValue(forKey: $0) }) where happens(0.5) {
        hosts[host].acknowledged.append(entry)
      }
    case .reconnect: book(.connectWorker(host: host, process: number), in: 0.01)
    case .wake(let instant): setAlarm(at: instant, host: host, process: number)
    case .notify: break
    case .exit:
      hosts[host].process = nil
      book(.startWorker(host: host), in: 1)
    }
  }

  /// The items of a shard come out one after the other; one that makes trouble ends it.
  private func render(_ shard: Shard, _ worker: WorkerID, _ host: Int, _ number: Int) {
    if hosts[host].process?.rendering != nil { problems.append("\(worker) renders two shards at once") }
    hosts[host].process?.rendering = shard.id
    hosts[host].process?.isHanging = false
    var seconds = 0.0
    for leased in shard.items {
      seconds += plan.secondsPerItem * (0.5 + chance())
      book(.rendered(leased.item, leased.lease, shard: shard.id, host: host, process: number), in: seconds)
    }
    // Results are safe in the outbox before the shard counts as ended.
    book(.renderEnded(shard: shard.id, host: host, process: number), in: seconds + outboxSeconds + 0.001)
  }

  func endItem(_ item: Item, _ lease: Lease, _ shard: UInt64, _ host: Int, _ number: Int) {
    guard let process = hosts[host].process, process.number == number, process.rendering == shard,
      !process.isHanging
    else { return }
    hosts[host].process?.progress += 1
    switch plan.troubles[item.key] {
    case .fails: return fail(item, lease, .itemFault, "does not render", process)
    case .isBad: return fail(item, lease, .badItem, "is wrong", process)
    case .kills: return endProcess(host, restartIn: 1)
    case .hangs:
      hosts[host].process?.isHanging = true
      return
    case nil: break
    }
    var receipt = Receipt.sample(item, lease, by: process.id)
    if !isMended {
      switch plan.sicknesses[host] {
      case .fails(let share) where chance() < share: return fail(item, lease, .itemFault, "does not render", process)
      case .alters: receipt.facts.sha256 = Self.alteredDigest(host)
      case .fails, nil: break
      }
    }
    if happens(plan.diskFull / 4) {
      shortages[item.key, default: 0] += 1
      return fail(item, lease, .shortage, "outbox: disk full", process)
    }
    if happens(plan.workerCrash) { return endProcess(host, restartIn: chance() * 60) }
    renderings[item.key, default: 0] += 1
    hosts[host].outbox[lease] = OutboxEntry(run: process.state.run ?? "", receipt: receipt)
    // Durable, and not told yet.
    if happens(plan.workerCrash / 2) { return endProcess(host, restartIn: chance() * 60) }
    book(.kept(receipt, host: host, process: number), in: outboxSeconds)
  }

  /// What an unsound machine makes of any item.
  static func alteredDigest(_ host: Int) -> String { String(repeating: "\(host)f", count: 32) }

  /// How long a sync of an outbox takes. All wait alike, so that results keep their order.
  private var outboxSeconds: Double { isCalm ? 0 : plan.diskSeconds / 4 }

  private func fail(
    _ item: Item, _ lease: Lease, _ failureClass: FailureClass, _ message: String, _ process: SimulatedHost.Process
  ) {
    if failureClass == .itemFault { faults[item.key, default: 0] += 1 }
    tell(process.id, .itemFailed(lease, RenderFault(failureClass, message)))
  }

  func endRender(_ shard: UInt64, _ host: Int, _ number: Int) {
    guard let process = hosts[host].process, process.number == number, process.rendering == shard else { return }
    // A hanging thread ends when it is called off only.
    if process.isHanging, !process.state.isCalledOff { return }
    hosts[host].process?.rendering = nil
    hosts[host].process?.isHanging = false
    tell(process.id, .shardEnded(shard))
  }

  /// A signal to stop, and now and then a second one soon after.
  func preempt(_ host: Int) {
    guard !isCalm else { return }
    book(.preempt(host: host), in: chance() < 0.2 ? 1 : chance() * plan.preemptEvery)
    guard let process = hosts[host].process else { return }
    preemptions += 1
    tell(process.id, .stopRequested)
  }

  private func endProcess(_ host: Int, restartIn seconds: Double) {
    workerCrashes += 1
    hosts[host].process = nil
    book(.startWorker(host: host), in: seconds)
  }
}
