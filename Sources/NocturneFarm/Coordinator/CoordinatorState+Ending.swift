import NocturneManifest

/// The end of the night.
extension CoordinatorState {
  /// First request: let everybody finish what executes. Second: stop where we are; leases stay in the journal.
  mutating func stop(_ now: FarmInstant) {
    switch phase {
    case .opening, .draining: end(.stopped, now)
    case .over: if partingUntil != nil { partingUntil = now }
    case .running: drain()
    }
  }

  /// Hands out nothing more, and ends when the workers have finished what executes.
  mutating func drain() {
    phase = .draining
    notify(.draining)
    for worker in registered.keys.sorted() { send(.drain, to: worker) }
  }

  /// Ends the run when everything is decided, or when it drains and nothing is on its way any more. Workers need not
  /// have left: a supervisor may start new ones faster than they go.
  mutating func endIfOver(_ now: FarmInstant) {
    guard phase == .running || phase == .draining else { return }
    if items.counts.undecided == 0 {
      for worker in registered.keys.sorted() { send(.finished, to: worker) }
      end(.complete, now)
    } else if phase == .draining, holders.isEmpty, collections.values.allSatisfy({ registered[$0.deliverer] == nil }) {
      end(.stopped, now)
    }
  }

  mutating func end(_ outcome: Verdict.Outcome, reason: String? = nil, _ now: FarmInstant) {
    phase = .over(outcome)
    if outcome == .complete, stay(now) { return }
    emit(.finish(Verdict(outcome: outcome, counts: items.counts, reason: reason)))
  }
}

extension Verdict.Outcome {
  /// What a worker is told that asks for work afterwards.
  var farewell: CoordinatorMessage {
    switch self {
    case .complete: .finished
    case .stopped, .stoppedEarly: .drain
    }
  }
}
