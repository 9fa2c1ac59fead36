/// A run that gets nowhere: somebody should hear of it before the morning.
extension CoordinatorState {
  /// Counts everything that ends as progress, and says once when there was none for too long.
  mutating func watchProgress(_ now: FarmInstant) {
    let decided = items.counts.total - items.counts.undecided
    if decided != progress.decided { progress = Progress(decided: decided, at: now) }
    guard phase == .running, !isHeld, !progress.isTold else { return }
    let seconds = now.seconds(since: progress.at)
    guard seconds >= policy.liveness.stuckSeconds else { return schedule(progress.at + policy.liveness.stuckSeconds) }
    progress.isTold = true
    notify(.runStuck(seconds: seconds, why: whyStuck))
  }

  private var whyStuck: String {
    if pausedUntil != nil { return "the coordinator's disk is full" }
    if registered.isEmpty { return "no worker is connected" }
    let able = registered.filter { !$0.value.isStalled && $0.value.pausedUntil == nil && !isBarred($0.key) }
    return able.isEmpty ? "no worker is well" : "\(able.count) workers are at it, and none finished anything"
  }

  /// When something last ended.
  struct Progress: Sendable {
    /// -1 begins anew.
    var decided = -1
    var at = FarmInstant.zero
    /// That there is none was said.
    var isTold = false
  }
}
