/// Finding the coordinator, losing it, finding it again.
extension WorkerState {
  /// The link is there: say who we are and what we hold.
  mutating func sayHello(_ now: FarmInstant) {
    var hello = card
    hello.holding = holding
    hello.credit = room
    send(.hello(hello))
    switch phase {
    case .connecting(let since, _, let pause):
      phase = .connecting(since: since, nextHello: now + pause, pause: min(2 * pause, policy.reconnectLimitSeconds))
    case .idle, .registered:
      let pause = policy.reconnectSeconds
      phase = .connecting(since: now, nextHello: now + pause, pause: min(2 * pause, policy.reconnectLimitSeconds))
    case .gone: break
    }
  }

  /// Being refused is final; a handshake that only breaks off may be a coordinator on its way down, and is told once.
  mutating func judge(_ failure: HandshakeFailure) {
    if failure.isFinal { return leave(.refused(failure.description)) }
    guard case .connecting = phase, handshakeFailure == nil else { return }
    handshakeFailure = failure
    emit(.notify("\(failure) Trying on."))
  }

  mutating func receive(_ message: CoordinatorMessage, _ now: FarmInstant) {
    lastHeard = now
    switch message {
    case .welcome(let run, let heartbeat, let timeout): join(run, heartbeat, timeout, now)
    case .refused(let reason): leave(.refused(reason))
    case .register: sayHello(now)
    case .grant(let shard): queue(shard, now)
    case .fetch(let lease, let offset, let length):
      if outbox[lease] != nil {
        emit(.serve(lease, offset: offset, length: length))
      } else if !holding.contains(lease) {
        send(.returned([lease]))
      }
    case .acknowledge(let leases): discard(leases)
    case .revoke(let leases): revoke(leases)
    case .heartbeat: break
    case .drain: wind(up: .stopped, now)
    case .finished: wind(up: .finished, now)
    }
  }

  /// Welcomed. Everything that may have got lost is told again. Under another run than before, what is held is worth
  /// nothing here; what is rendered keeps its place in the outbox.
  private mutating func join(_ name: String, _ heartbeat: Double, _ timeout: Double, _ now: FarmInstant) {
    if let run, run != name {
      queue = []
      failures = []
      if let rendering { drop(rendering.undecided) }
    }
    let wasRegistered = phase == .registered
    handshakeFailure = nil
    run = name
    heartbeatSeconds = heartbeat
    timeoutSeconds = timeout
    phase = .registered
    nextBeat = now + heartbeat
    if wasRegistered { return }
    for failure in failures { send(.failed(failure.lease, failure.fault.failureClass, message: failure.fault.message)) }
    failures = []
    outbox.forgetDeliveries()
    deliverOutbox(now)
  }

  /// Delivers what was not delivered for a while.
  mutating func deliverOutbox(_ now: FarmInstant) {
    for entry in outbox.entries(of: run) {
      if let delivered = entry.deliveredAt, now < delivered + policy.resendHeartbeats * heartbeatSeconds { continue }
      deliver(entry.receipt, now)
    }
  }

  mutating func deliver(_ receipt: Receipt, _ now: FarmInstant) {
    emit(.deliver(receipt))
    outbox.markDelivered(receipt.lease, now)
  }

  mutating func passTime(_ now: FarmInstant) {
    switch phase {
    case .idle, .gone: break
    case .registered:
      if now.seconds(since: lastHeard) >= timeoutSeconds {
        emit(.notify("coordinator silent for \(Int(timeoutSeconds)) s; its results are kept, reconnecting"))
        let pause = policy.reconnectSeconds
        phase = .connecting(since: now, nextHello: now + pause, pause: pause)
        emit(.reconnect)
        return
      }
      if now >= nextBeat {
        emit(.beat(executing: executing))
        // The coordinator counts shards itself; this mends its count when a message got lost.
        if room > 0 { send(.ready(credit: room)) }
        nextBeat = now + heartbeatSeconds
      }
      deliverOutbox(now)
    case .connecting(let since, let nextHello, let pause):
      let silence = now.seconds(since: since)
      if let patience, silence >= patience {
        let cause = handshakeFailure?.description ?? "is it running, and is the endpoint right?"
        leave(.unreachable("no coordinator answered for \(Int(silence)) s; \(cause)"))
      } else if now >= nextHello {
        phase = .connecting(since: since, nextHello: now + pause, pause: pause)
        emit(.reconnect)
      }
    }
  }

  /// Asks for the next instant at which something is due, if that changed.
  mutating func wake(_ now: FarmInstant) {
    var instants: [FarmInstant] = []
    switch phase {
    case .idle, .gone: break
    case .registered:
      instants = [nextBeat, lastHeard + timeoutSeconds]
    case .connecting(let since, let nextHello, _):
      instants = [nextHello]
      if let patience { instants.append(since + patience) }
    }
    if let lingerUntil { instants.append(lingerUntil) }
    if let end = policy.leavesAt { instants.append(end) }
    if let visitEnd { instants.append(visitEnd) }
    guard let earliest = instants.min(), earliest != wakeAt else { return }
    wakeAt = earliest
    emit(.wake(at: earliest))
  }
}
