/// Waiting, after a restart, for the holders of leases that an earlier life granted.
///
/// A coordinator may die more often than a grace lasts. So each life notes for how long it has listened, and a lease is
/// taken back when that comes to a whole grace over the lives that did not hear of its holder. What is not noted does not
/// count: in a life that is over before a worker can connect, no lease has been waited for.
extension CoordinatorState {
  /// Notes in a grace; a life in which a lease is taken back lasts at least for the time between two.
  private static let notes = 8.0

  private var noteSeconds: Double { policy.liveness.graceSeconds / Self.notes }

  /// How much of its grace a lease has left, in seconds, by the shard under which it was granted or last heard of.
  func graceLeft(sinceShard shard: UInt64) -> Double {
    let waited = formerLives.filter { shard <= $0.lastShard }.reduce(0) { $0 + $1.listenedSeconds }
    return max(policy.liveness.graceSeconds - waited, noteSeconds)
  }

  mutating func listen(_ now: FarmInstant) {
    listening = (since: now, noteAt: now + noteSeconds)
    schedule(now + noteSeconds)
  }

  mutating func noteListening(_ now: FarmInstant) {
    guard let listening, listening.noteAt <= now else { return }
    guard !orphans.isEmpty else { return self.listening = nil }
    emit(.recordListening(seconds: now.seconds(since: listening.since)))
    self.listening = (since: listening.since, noteAt: now + noteSeconds)
  }
}
