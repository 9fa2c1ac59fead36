package import NocturneFarm
import NocturneManifest

/// What happens in a run, for the progress display, the log and `--json`. Told on the coordinator's thread: whoever
/// listens must be quick.
package enum RunEvent: Sendable {
  /// Everything is loaded and checked; work may begin. `isResumed` when the directory held the run already.
  case started(RunProgress, run: String, isResumed: Bool)
  /// Done: the audio is in place, the journal knows it, its metadata line is written.
  case itemDone(Receipt)
  case itemDied(DeadItem)
  case notice(FarmNotice)
  /// Somebody was turned away before a byte of work was said; one line.
  case strangerRefused(String)
  /// The disk refuses the journal or the metadata; the run waits and tries again.
  case storageRefused(message: String, retrySeconds: Double)
  /// Nothing is handed out any more: workers that leave from now on need no successors. Once, before they are told.
  case closing
  /// At the interval of `Coordinator.Options.progressSeconds`.
  case progress(RunProgress)
  case finished(Verdict)
}

/// A run at one instant.
package struct RunProgress: Hashable, Sendable {
  package var counts: ItemCounts
  package var workers: [WorkerSummary]
  /// Results on their way in.
  package var collecting: Int
  /// The run waits for room on the disk.
  package var isPaused: Bool
  /// Rows of the manifest that are no items.
  package var rejectedRows: Int
  /// Messages dropped because no honest worker sends them.
  package var droppedMessages: Int

  package init(
    counts: ItemCounts, workers: [WorkerSummary], collecting: Int, isPaused: Bool, rejectedRows: Int,
    droppedMessages: Int
  ) {
    self.counts = counts
    self.workers = workers
    self.collecting = collecting
    self.isPaused = isPaused
    self.rejectedRows = rejectedRows
    self.droppedMessages = droppedMessages
  }
}
