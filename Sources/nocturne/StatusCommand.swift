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
  @Flag(help: "One JSON object.")
  var json = false

  func run() throws {
    let status = try RunStatus(reading: RunDirectory(directory))
    let counts = status.live?.counts ?? status.counts
    let state = status.owner == nil ? (status.verdict == "running" ? "interrupted" : status.verdict) : "running"
    if json {
      var object: [String: Any] = [
        "run": status.run, "state": state ?? "unknown", "items": counts.total, "manifest": status.record.manifest,
        "settings": status.record.settings, "failed": status.dead.map(Self.describe),
        "workers": status.live?.workers.map {
          [
            "name": $0.name, "host": $0.host, "numeric_class": $0.numericClass, "executing": $0.executing,
            "leased": $0.leased, "finished": $0.finished, "failed": $0.failed, "paused": $0.isPaused,
            "stalled": $0.isStalled,
          ] as [String: Any]
        } ?? [],
      ]
      object.merge(JSONEvents.counts(counts)) { $1 }
      object["process"] = status.owner
      return try printJSON(object)
    }
    print("run       \(status.run), \(state ?? "unknown")\(status.owner.map { ", process \($0)" } ?? "")")
    print("manifest  \(status.record.manifest)")
    print(
      "items     \(counts.total): \(counts.done) done, \(counts.dead) dead, \(counts.leased) leased, "
        + "\(counts.waiting) waiting")
    for worker in status.live?.workers ?? [] {
      let mood = worker.isStalled ? ", stalled" : worker.isPaused ? ", paused" : ""
      print(
        "worker    \(worker.name): \(worker.finished) finished, \(worker.failed) failed, \(worker.executing) executing"
          + mood)
    }
    for dead in status.dead.prefix(20) {
      print("dead      \(dead.item): \(dead.failureClass.rawValue): \(dead.message)")
    }
    if status.dead.count > 20 { print("          ... \(status.dead.count - 20) more in errors.jsonl") }
  }

  private static func describe(_ dead: DeadItem) -> [String: Any] {
    [
      "id": dead.item.row, "take": dead.item.take, "class": dead.failureClass.rawValue, "message": dead.message,
      "attempts": dead.attempts,
    ]
  }
}
