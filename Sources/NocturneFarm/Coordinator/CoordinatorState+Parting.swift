import NocturneManifest

/// A complete run tells the workers that lost it, or they would wait for it in vain. Only those that went missing a moment
/// ago can be on their way back; for them the coordinator stays a little.
extension CoordinatorState {
  /// Whether somebody is waited for.
  mutating func stay(_ now: FarmInstant) -> Bool {
    absent = absent.filter { now.seconds(since: $0.value) < 3 * policy.liveness.timeoutSeconds }
    let seconds = policy.liveness.partingSeconds
    guard !absent.isEmpty, seconds > 0 else { return false }
    partingUntil = now + seconds
    schedule(now + seconds)
    notify(.awaitingWorkers(absent.keys.sorted(), seconds: seconds))
    return true
  }

  /// Gives the verdict when all have been told, or it took too long.
  mutating func part(_ now: FarmInstant) {
    guard let until = partingUntil, absent.isEmpty || now >= until else { return }
    partingUntil = nil
    emit(.finish(Verdict(outcome: .complete, counts: items.counts)))
  }

  /// A worker that was missing is back after the end: it may deliver what it has, and go home.
  mutating func welcomeBack(_ hello: WorkerHello, from worker: WorkerID) {
    send(
      .welcome(
        run: run.name, heartbeatSeconds: policy.liveness.heartbeatSeconds,
        timeoutSeconds: policy.liveness.timeoutSeconds), to: worker)
    if !hello.holding.isEmpty { send(.revoke(hello.holding), to: worker) }
  }
}
