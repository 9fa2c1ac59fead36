/// Going home.
extension WorkerState {
  /// First time: finish what executes and hand back the rest. Second time: hand everything back and leave.
  mutating func stop(_ now: FarmInstant) {
    if leaving == nil {
      emit(.notify("stopping: finishing what is being rendered; a second signal stops now"))
      return wind(up: .stopped, now)
    }
    if phase == .registered, !holding.isEmpty { send(.returned(holding)) }
    leave(.stopped)
  }

  /// What executes is nobody's fault, and is told so; the render thread will not come back.
  mutating func exhaust(_ reason: String, _ now: FarmInstant) {
    for lease in executing { fail(lease, RenderFault(.shortage, reason)) }
    rendering = nil
    wind(up: .exhausted(reason), now)
  }

  /// Takes no more work; leaves when the rest is done.
  mutating func wind(up exit: WorkerExit, _ now: FarmInstant) {
    if leaving == nil || exit == .finished { leaving = exit }
    let queued = queue.flatMap { $0.items.map(\.lease) }
    queue = []
    if !queued.isEmpty, phase == .registered { send(.returned(queued)) }
    if exit == .finished, let rendering { drop(rendering.undecided) }
  }

  /// Leaves when nothing is being rendered and everything is acknowledged. Acknowledgements are waited for only so long:
  /// what is in the outbox is kept, and delivered by the next worker that opens it.
  mutating func leaveIfDone(_ now: FarmInstant) {
    guard let leaving, rendering == nil, phase != .gone else { return }
    let isSettled = outbox.entries(of: run).isEmpty && failures.isEmpty
    if isSettled || phase == .idle { return leave(leaving) }
    if let lingerUntil {
      if now >= lingerUntil { leave(leaving) }
    } else {
      lingerUntil = now + policy.lingerSeconds
    }
  }

  mutating func leave(_ exit: WorkerExit) {
    if phase == .registered { send(.goodbye) }
    emit(.exit(exit))
    phase = .gone
  }
}
