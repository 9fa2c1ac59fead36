import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneModels

/// Tells people, or a program, how a run goes: a live bar on a terminal, plain lines elsewhere, `--json` events on
/// standard output. Called on the coordinator's thread.
final class RunReport {
  private let run: ResolvedRun
  private let quiet: Bool
  private var events: JSONEvents?
  private var meter: ProgressMeter
  private let rejectedRows: Int
  private var bar: ProgressBar
  private var lastPlainLine = Date()

  /// Between two plain lines when standard error is no terminal.
  private static let plainSeconds = 10.0

  init(run: ResolvedRun, manifest: Manifest) {
    self.run = run
    quiet = run.quiet
    rejectedRows = manifest.badRows.count
    events = run.json ? JSONEvents(rejectedRows: rejectedRows) : nil
    meter = ProgressMeter(total: manifest.items.count)
    bar = ProgressBar(isLive: Terminal.isInteractive && !run.quiet && !run.json)
  }

  /// What the manifest is, and the first of its faults.
  func opening(_ manifest: Manifest) {
    let summary = manifest.summary
    if let notice = run.location.notice { warn(notice) }
    remark(
      "\(summary.file): \(summary.format.rawValue), \(summary.report.rows) rows, \(manifest.items.count) items, "
        + "\(Int(summary.report.seconds)) s of audio; \(run.configuration.name) model \(run.fingerprint.prefix(12))")
    for row in manifest.badRows.prefix(10) {
      for fault in row.faults { warn("\(fault)") }
    }
    if manifest.badRows.count > 10 { warn("... \(manifest.badRows.count - 10) more bad rows, all in errors.jsonl") }
    for note in summary.report.notes.prefix(3) { remark("\(note)") }
    if summary.report.notes.count > 3 { remark("... \(summary.report.notes.count - 3) more notes (`nocturne plan`)") }
  }

  func tell(_ event: RunEvent) {
    events?.tell(event)
    switch event {
    case .started(let progress, let name, let isResumed):
      meter.begin(progress.counts)
      let done = progress.counts.total - progress.counts.undecided
      remark(
        isResumed
          ? "run \(name) resumes: \(done) of \(progress.counts.total) are finished"
          : "run \(name): \(progress.counts.total) items")
    case .itemDone(let receipt): meter.done(receipt)
    case .itemDied(let dead) where dead.failureClass == .cancelled: break  // One notice says it of all.
    case .itemDied(let dead):
      let attempts = dead.attempts == 1 ? "1 attempt" : "\(dead.attempts) attempts"
      warn("\(dead.item) is dead after \(attempts): \(dead.message)")
    case .notice(let notice): tell(notice)
    case .strangerRefused(let line): warn(line)
    case .storageRefused(let message, let seconds):
      warn("the disk refuses: \(message); trying again in \(Int(seconds.rounded(.up))) s")
    case .closing: break  // The notices say why.
    case .progress(let progress): show(progress)
    case .finished(let verdict): finish(verdict)
    }
  }

  /// The exit code of a finished run.
  func status(of verdict: Verdict) -> ExitStatus {
    switch verdict.outcome {
    case .stopped, .stoppedEarly: .resumable
    case .complete: verdict.counts.dead + verdict.counts.cancelled + rejectedRows == 0 ? .complete : .deadItems
    }
  }

  private func tell(_ notice: FarmNotice) {
    switch notice {
    case .workerJoined, .workerLeft, .draining, .runResumed, .releasedByOperator, .itemsRetried, .awaitingWorkers,
      .awaitingLeases, .workerReturned, .itemHedged:
      remark(notice.description)
    case .itemDied: break
    default: warn(notice.description)
    }
  }

  private func show(_ progress: RunProgress) {
    meter.update(progress)
    if bar.isLive {
      bar.draw(meter)
    } else if !quiet, !run.json, Date().timeIntervalSince(lastPlainLine) >= Self.plainSeconds {
      lastPlainLine = Date()
      Terminal.remark(meter.line)
    }
  }

  private func finish(_ verdict: Verdict) {
    meter.finish(verdict.counts)
    bar.clear()
    remark(meter.closingLine(verdict) + RejectedRow.remark(rejectedRows))
  }

  private func remark(_ line: String) {
    guard !quiet, !run.json else { return }
    bar.clear()
    Terminal.remark(line)
  }

  private func warn(_ line: String) {
    bar.clear()
    Terminal.remark("nocturne: \(line)")
  }
}
