package import NocturneManifest

/// Something people should hear of; `description` is one line.
package enum FarmNotice: Hashable, Sendable, CustomStringConvertible {
  case workerJoined(WorkerID, host: String, cores: Int)
  case workerRefused(WorkerID, reason: String)
  /// Clean exit.
  case workerLeft(WorkerID)
  /// Silent, or superseded by a new registration under the same name.
  case workerLost(WorkerID, reason: String)
  /// Alive, but its rendering makes no progress; a supervisor of local workers may kill and replace it.
  case workerStalled(WorkerID, seconds: Double)
  /// Still rendered, and bit-equal only within its own class.
  case numericClassDiffers(WorkerID, theirs: String, ours: String)
  case itemRetries(ItemKey, FailureClass, message: String, tries: Int, delaySeconds: Double)
  case itemDied(ItemKey, FailureClass, message: String)
  /// Two results of one item in one numeric class differ: a sick node or a broken promise. `other` made the one that was
  /// there first, where that is known.
  case digestsDiffer(ItemKey, worker: WorkerID, other: WorkerID?)
  /// An idle worker renders what another one is late with.
  case itemHedged(ItemKey, late: WorkerID, by: WorkerID)
  /// It gets nothing but probe renders until one passes.
  case workerQuarantined(WorkerID, reason: String)
  case probeFailed(WorkerID, reason: String, nextSeconds: Double)
  case workerReturned(WorkerID)
  case stoppingEarly(reason: String)
  /// The run is complete, and these do not know it.
  case awaitingWorkers([WorkerID], seconds: Double)
  /// Leases of an earlier life, none of which is granted again before their holders had so long to be heard of.
  case awaitingLeases(Int, seconds: Double)
  /// A result that nobody waits for: stale, dead or unknown item.
  case resultRefused(Lease, worker: WorkerID, reason: String)
  case workerPaused(WorkerID, seconds: Double, message: String)
  case runPaused(seconds: Double, message: String)
  case runResumed
  case draining
  /// Nothing ended for so long.
  case runStuck(seconds: Double, why: String)
  /// Nothing is handed out until an operator says so; also said by a coordinator that finds its run paused.
  case heldByOperator(atWork: Int)
  case releasedByOperator
  case itemsCancelled(Int)
  case itemsRetried(Int)

  package var description: String {
    switch self {
    case .workerJoined(let worker, let host, let cores): "worker \(worker) joined (\(host), \(cores) cores)"
    case .workerRefused(let worker, let reason): "worker \(worker) refused: \(reason)"
    case .workerLeft(let worker): "worker \(worker) left"
    case .workerLost(let worker, let reason): "worker \(worker) lost: \(reason)"
    case .workerStalled(let worker, let seconds):
      "worker \(worker) stalled: no progress for \(Int(seconds)) s; its items go elsewhere"
    case .numericClassDiffers(let worker, let theirs, let ours):
      "worker \(worker) computes as \(theirs), the run began as \(ours): items are bit-equal only within one class"
    case .itemRetries(let item, let failureClass, let message, let tries, let delay):
      "\(item): \(failureClass.rawValue): \(message); try \(tries) failed, next in \(Int(delay.rounded(.up))) s"
    case .itemDied(let item, let failureClass, let message): "\(item) is dead: \(failureClass.rawValue): \(message)"
    case .digestsDiffer(let item, let worker, let other):
      "\(item): worker \(worker) made other bytes than \(other?.name ?? "the accepted ones") from the same seed: "
        + "a sick node; check its memory and its build"
    case .itemHedged(let item, let late, let worker): "\(item): \(late) is late with it; \(worker) renders it too"
    case .workerQuarantined(let worker, let reason):
      "worker \(worker) is quarantined: \(reason); it returns when a probe render passes"
    case .probeFailed(let worker, let reason, let seconds):
      "worker \(worker) stays in quarantine: \(reason); next probe in \(Int(seconds.rounded(.up))) s"
    case .workerReturned(let worker): "worker \(worker) passed its probe render and works again"
    case .awaitingWorkers(let workers, let seconds):
      "complete; staying up to \(Int(seconds.rounded(.up))) s for \(workers.count) worker(s) out of sight: "
        + workers.prefix(3).map(\.name).joined(separator: ", ") + (workers.count > 3 ? ", ..." : "")
    case .awaitingLeases(let count, let seconds):
      "\(items(count)) at work when this run was left: waiting up to \(Int(seconds.rounded(.up))) s for the workers that have them"
    case .stoppingEarly(let reason): "stopping early: \(reason)"
    case .resultRefused(let lease, let worker, let reason):
      "\(lease.item): result of attempt \(lease.attempt) from \(worker) refused: \(reason)"
    case .workerPaused(let worker, let seconds, let message):
      "worker \(worker) pauses for \(Int(seconds.rounded(.up))) s: \(message)"
    case .runPaused(let seconds, let message): "run pauses for \(Int(seconds.rounded(.up))) s: \(message)"
    case .runResumed: "run resumes"
    case .draining: "stopping: workers finish what they execute; a second signal stops now"
    case .runStuck(let seconds, let why):
      "nothing was finished for \(Int(seconds)) s: \(why); look with `nocturne status`"
    case .heldByOperator(let atWork):
      "the run is paused by its operator\(atWork > 0 ? "; \(items(atWork)) at work will finish" : ""); "
        + "`nocturne resume` lets it go on"
    case .releasedByOperator: "the run goes on: its operator resumed it"
    case .itemsCancelled(let count): "\(items(count)) cancelled by the operator"
    case .itemsRetried(let count): "\(items(count)) to render again with fresh tries: the operator asked for it"
    }
  }

  private func items(_ count: Int) -> String { "\(count) \(count == 1 ? "item" : "items")" }
}
