/// Staying with a coordinator for a while only, because others have work, too.
extension WorkerState {
  /// How long a visitor that has worked waits to hear that the run is over.
  private static let farewellSeconds = 0.2

  /// No more shards are wanted on this visit.
  var isVisitOver: Bool { policy.visit?.shards.map { startedShards >= $0 } ?? false }

  /// How long an absent coordinator is waited for; nil for ever. A visitor finishes what it renders all the same.
  var patience: Double? {
    if run == nil { return policy.connectSeconds }
    return policy.visit != nil && rendering != nil ? nil : policy.orphanSeconds
  }

  /// When a visitor that has nothing to do leaves; nil while it has something.
  var visitEnd: FarmInstant? {
    guard let visit = policy.visit, let restingSince, leaving == nil else { return nil }
    return restingSince + (isVisitOver ? min(visit.idleSeconds, Self.farewellSeconds) : visit.idleSeconds)
  }

  /// Leaves when the visit's shards are done and delivered, or when nothing came for its time.
  mutating func endVisit(_ now: FarmInstant) {
    guard policy.visit != nil, phase == .registered, leaving == nil else { return }
    // What is acknowledged may have been the run's last: then it is told next, and later nobody would be there to tell.
    guard rendering == nil, queue.isEmpty, !isVisitOver || outbox.entries(of: run).isEmpty else {
      restingSince = nil
      return
    }
    restingSince = restingSince ?? now
    if let visitEnd, now >= visitEnd { wind(up: .idle(hasWorked: startedShards > 0), now) }
  }
}
