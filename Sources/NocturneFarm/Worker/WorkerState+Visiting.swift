/// Staying with a coordinator for a while only, because others have work, too.
extension WorkerState {
  /// No more shards are wanted on this visit.
  var isVisitOver: Bool { policy.visit?.shards.map { startedShards >= $0 } ?? false }

  /// How long an absent coordinator is waited for; nil for ever. A visitor finishes what it renders all the same.
  var patience: Double? {
    if run == nil { return policy.connectSeconds }
    return policy.visit != nil && rendering != nil ? nil : policy.orphanSeconds
  }

  /// Leaves when the visit's shards are done, or when nothing came for its time.
  mutating func endVisit(_ now: FarmInstant) {
    guard let visit = policy.visit, phase == .registered, leaving == nil else { return }
    guard rendering == nil, queue.isEmpty else {
      restingSince = nil
      return
    }
    let since = restingSince ?? now
    restingSince = since
    guard isVisitOver || now.seconds(since: since) >= visit.idleSeconds else { return }
    wind(up: .idle(hasWorked: startedShards > 0), now)
  }
}
