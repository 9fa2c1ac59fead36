import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneWire

/// Watches a run for incidents and tells the hooks, one after the other on a thread of their own: whatever they do, the run
/// does not wait for them, and does not fail with them.
final class HookDesk {
  private let hooks: Hooks
  private let directory: RunDirectory
  private let rejectedRows: Int
  private let warn: @Sendable (String) -> Void
  private var watch: IncidentWatch
  private var run = ""
  private let queue = DispatchQueue(label: "hooks")
  private let pending = DispatchGroup()

  /// - Parameter warn: takes a line about a hook that failed; called on another thread.
  init(_ hooks: Hooks, directory: RunDirectory, rejectedRows: Int, warn: @escaping @Sendable (String) -> Void) {
    self.hooks = hooks
    self.directory = directory
    self.rejectedRows = rejectedRows
    self.warn = warn
    watch = IncidentWatch(diskLowBytes: hooks.diskLowBytes)
  }

  /// Called on the coordinator's thread.
  func tell(_ event: RunEvent) {
    if hooks.isEmpty { return }
    switch event {
    case .started(_, let name, _): run = name
    case .notice(let notice): tell(watch.take(notice))
    case .storageRefused(let message, _): tell(watch.diskIsFull(message))
    case .progress: if let free = Directory.freeBytes(in: directory.path) { tell(watch.measure(freeBytes: free)) }
    case .finished(let verdict):
      tell(
        Incident(.finished, verdict.line + RejectedRow.remark(rejectedRows)),
        with: ["outcome": verdict.outcome.rawValue, "counts": JSONEvents.counts(verdict.counts, rejectedRows)])
    case .itemDone, .itemDied, .strangerRefused, .closing: break
    }
  }

  /// The coordinator could not go on.
  func fail(_ error: any Error) {
    if !hooks.isEmpty { tell(Incident(.finished, "\(error)"), with: ["outcome": "failed"]) }
  }

  /// Waits for hooks under way, each for no longer than it may take.
  func finish() { _ = pending.wait(timeout: .now() + 2 * hooks.timeoutSeconds + 1) }

  private func tell(_ incident: Incident?, with details: [String: Any] = [:]) {
    guard let incident, hooks.kinds.contains(incident.kind) else { return }
    var object: [String: Any] = [
      "event": incident.kind.rawValue, "message": incident.message, "run": run, "directory": directory.path,
      "time": Date().ISO8601Format(),
    ]
    object.merge(details) { $1 }
    guard
      let body = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    else { return }
    queue.async(group: pending) { [hooks, warn] in
      let calls = [hooks.program.map { HookCall.run($0) }, hooks.webhook.map { HookCall.post($0) }].compactMap(\.self)
      for call in calls {
        if let fault = call.perform(body + Data("\n".utf8), timeoutSeconds: hooks.timeoutSeconds) {
          warn("hook \(call): \(fault); the run goes on (event: \(incident.kind.rawValue))")
        }
      }
    }
  }
}

extension Verdict {
  fileprivate var line: String {
    switch outcome {
    case .complete: "complete: \(counts.done) done, \(counts.dead) dead, \(counts.cancelled) cancelled"
    case .stopped: "stopped: \(counts.done) done, \(counts.undecided) to do"
    case .stoppedEarly: "stopped early: \(reason ?? "every worker failed alike")"
    }
  }
}
