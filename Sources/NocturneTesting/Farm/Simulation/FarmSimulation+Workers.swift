import NocturneFarm
import NocturneManifest

/// The workers' shells, simulated.
extension FarmSimulation {
  func startWorker(_ host: Int) {
    guard hosts[host].process == nil else { return }
    hosts[host].processes += 1
    let id = WorkerID("host\(host)-\(hosts[host].processes)")
    hostOfWorker[id] = host
    var card = WorkerHello.sample(id.name, processID: hosts[host].processes)
    card.host = "host\(host)"
    hosts[host].process = SimulatedHost.Process(id: id, state: WorkerState(card: card, policy: plan.workerPolicy))
    for entry in hosts[host].acknowledged { hosts[host].outbox[entry.receipt.lease] = entry }
    hosts[host].acknowledged = []
    let kept = hosts[host].outbox.values.sorted {
      ($0.receipt.lease.item, $0.receipt.lease.attempt, $0.receipt.lease.token)
        < ($1.receipt.lease.item, $1.receipt.lease.attempt, $1.receipt.lease.token)
    }
    tell(id, .outboxLoaded(kept))
    tell(id, .started)
  }

  /// Tells a worker process, if it still is there.
  func tell(_ worker: WorkerID, _ event: WorkerEvent) {
    guard let host = hostOfWorker[worker], var process = hosts[host].process, process.id == worker else { return }
    hosts[host].process = nil
    let instructions = process.state.handle(event, now: now)
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
    case .serve: problems.append("nobody fetched")
    case .render(let shard, _): render(shard, worker, host)
    case .cancelRender(let shard): book(.renderEnded(shard: shard, worker), in: chance())
    case .discard(let leases):
      for entry in leases.compactMap({ hosts[host].outbox.removeValue(forKey: $0) }) where happens(0.5) {
        hosts[host].acknowledged.append(entry)
      }
    case .reconnect: book(.connectWorker(worker), in: 0.01)
    case .wake(let instant): book(.wakeWorker(worker), at: instant)
    case .notify: break
    case .exit: endProcess(host, restartIn: 1)
    }
  }

  /// The items of a shard come out one after the other; one that makes trouble ends it.
  private func render(_ shard: Shard, _ worker: WorkerID, _ host: Int) {
    if hosts[host].process?.rendering != nil { problems.append("\(worker) renders two shards at once") }
    hosts[host].process?.rendering = shard.id
    hosts[host].process?.isHanging = false
    var seconds = 0.0
    for leased in shard.items {
      seconds += plan.secondsPerItem * (0.5 + chance())
      book(.rendered(leased.item, leased.lease, shard: shard.id, worker), in: seconds)
    }
    book(.renderEnded(shard: shard.id, worker), in: seconds)
  }

  func endItem(_ item: Item, _ lease: Lease, _ shard: UInt64, _ worker: WorkerID) {
    guard let host = hostOfWorker[worker], let process = hosts[host].process, process.id == worker,
      process.rendering == shard, !process.isHanging
    else { return }
    hosts[host].process?.progress += 1
    switch plan.troubles[item.key] {
    case .fails: return tell(worker, .itemFailed(lease, RenderFault(.itemFault, "does not render")))
    case .isBad: return tell(worker, .itemFailed(lease, RenderFault(.badItem, "is wrong")))
    case .kills: return endProcess(host, restartIn: 1)
    case .hangs:
      hosts[host].process?.isHanging = true
      return
    case nil: break
    }
    if happens(plan.workerCrash) { return endProcess(host, restartIn: chance() * 60) }
    renderings[item.key, default: 0] += 1
    let receipt = Receipt.sample(item, lease, by: worker)
    hosts[host].outbox[lease] = OutboxEntry(run: process.state.run ?? "", receipt: receipt)
    // Durable, and not told yet.
    if happens(plan.workerCrash / 2) { return endProcess(host, restartIn: chance() * 60) }
    tell(worker, .itemFinished(receipt))
  }

  func endRender(_ shard: UInt64, _ worker: WorkerID) {
    guard let host = hostOfWorker[worker], let process = hosts[host].process, process.id == worker,
      process.rendering == shard
    else { return }
    // A hanging thread ends when it is called off only.
    if process.isHanging, !process.state.isCalledOff { return }
    hosts[host].process?.rendering = nil
    hosts[host].process?.isHanging = false
    tell(worker, .shardEnded(shard))
  }

  private func endProcess(_ host: Int, restartIn seconds: Double) {
    workerCrashes += 1
    hosts[host].process = nil
    book(.startWorker(host: host), in: seconds)
  }
}
