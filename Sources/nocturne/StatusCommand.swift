import ArgumentParser
import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Where a run stands, while it runs or afterwards.")

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String
  @Flag(help: "One JSON object; with --watch one a line.")
  var json = false
  @Flag(help: "Look again until the run ends: drawn anew on a terminal, elsewhere a line for each change.")
  var watch = false
  @Option(help: "Seconds between two looks of --watch.")
  var every = 1.0

  func validate() throws {
    guard every > 0, every <= 86_400 else {
      throw ValidationError("--every is \(every.plain); it must be above 0 and at most a day")
    }
  }

  func run() throws {
    let directory = RunDirectory(directory)
    guard watch else { return try show(RunStatus(reading: directory)) }
    var last = ""
    while true {
      let status = try RunStatus(reading: directory)
      if json {
        try printJSON(status.object)
      } else if isatty(STDOUT_FILENO) == 1 {
        // Home, the text with each line cleared to its end, and everything below it.
        print("\u{1B}[H" + status.text.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J", terminator: "")
      } else if status.line != last {
        last = status.line
        print(last)
      }
      // A reader that has gone ends this as it ends every command.
      guard fflush(nil) == 0, status.owner != nil else { return }
      Thread.sleep(forTimeInterval: every)
    }
  }

  private func show(_ status: RunStatus) throws {
    if json { return try printJSON(status.object) }
    for line in status.text { print(line) }
  }
}

extension RunStatus {
  /// What a coordinator at work last wrote down is younger than the journal as we read it.
  private var present: ItemCounts { live?.counts ?? counts }

  private var state: String {
    guard owner == nil else { return pausedSince == nil ? "running" : "paused" }
    return verdict == "running" ? "interrupted" : verdict ?? "unknown"
  }

  /// For people.
  var text: [String] {
    let counts = present
    var text = ["run       \(run), \(state)\(owner.map { ", process \($0)" } ?? "")"]
    if let pausedSince, counts.undecided > 0 {
      text.append("paused    since \(Self.clock(pausedSince)) by its operator; `nocturne resume` lets it go on")
    }
    if live?.isPaused == true { text.append("disk      full; the run goes on by itself when there is room") }
    text.append("manifest  \(record.manifest)")
    text.append("items     \(counts.total): \(counts.summary)\(RejectedRow.remark(rejectedRows))")
    for worker in live?.workers ?? [] {
      let mood = worker.isStalled ? ", stalled" : worker.isPaused ? ", paused" : ""
      text.append(
        "worker    \(worker.name): \(worker.finished) finished, \(worker.failed) failed, \(worker.executing) executing"
          + mood)
    }
    let failed = dead.filter { $0.failureClass != .cancelled }
    for dead in failed.prefix(20) {
      text.append("dead      \(dead.item): \(dead.failureClass.rawValue): \(dead.message)")
    }
    if failed.count > 20 { text.append("          ... \(failed.count - 20) more in errors.jsonl") }
    return text
  }

  /// For a log.
  var line: String {
    "\(run) \(state): \(present.total) items, \(present.summary), \(live?.workers.count ?? 0) workers"
      + RejectedRow.remark(rejectedRows)
  }

  var object: [String: Any] {
    let counts = present
    var object: [String: Any] = [
      "run": run, "state": state, "items": counts.total, "manifest": record.manifest,
      "settings": record.settings, "failed": dead.map(Self.describe),
      "workers": live?.workers.map {
        [
          "name": $0.name, "host": $0.host, "numeric_class": $0.numericClass, "executing": $0.executing,
          "leased": $0.leased, "finished": $0.finished, "failed": $0.failed, "paused": $0.isPaused,
          "stalled": $0.isStalled,
        ] as [String: Any]
      } ?? [],
    ]
    object.merge(JSONEvents.counts(counts, rejectedRows)) { $1 }
    object["process"] = owner
    object["paused_since"] = pausedSince?.timeIntervalSince1970
    return object
  }

  private static func describe(_ dead: DeadItem) -> [String: Any] {
    [
      "id": dead.item.row, "take": dead.item.take, "class": dead.failureClass.rawValue, "message": dead.message,
      "attempts": dead.attempts,
    ]
  }

  private static func clock(_ date: Date) -> String {
    let formatter = DateFormatter()
    formatter.dateFormat = "yyyy-MM-dd HH:mm"
    return formatter.string(from: date)
  }
}

extension ItemCounts {
  fileprivate var summary: String {
    "\(done) done, \(dead) dead, \(leased) leased, \(waiting) waiting"
      + (cancelled > 0 ? ", \(cancelled) cancelled" : "")
  }
}
