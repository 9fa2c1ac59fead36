import ArgumentParser
import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "An item's story: why it waits, where it ran, why it failed, what each try cost.")

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String
  @Argument(help: ArgumentHelp("A row's id, for one take <id>-t<k>.", valueName: "id"))
  var id: String
  @Flag(help: "One JSON object an item, on a line of its own.")
  var json = false

  func run() throws {
    let stories = try ItemStory.read(id, of: RunDirectory(directory))
    for story in stories {
      // A row's id stands for all of its takes, of which some may be done.
      let name = stories.count == 1 && story.item.row == id ? id : "\(story.item.row)-t\(story.item.take)"
      if json { try printJSON(story.object) } else { story.text(directory, name: name).forEach { print($0) } }
    }
  }
}

extension ItemStory {
  /// The story with each lease's length beside its end, oldest first.
  private var timed: [(line: StoryLine, seconds: Double?)] {
    var start: Date?
    return lines.map { line in
      defer { if case .leased = line.transition.change { start = line.date } else { start = nil } }
      if case .leased = line.transition.change { return (line, nil) }
      return (line, start.map { line.date.timeIntervalSince($0) })
    }
  }

  /// For people.
  /// - Parameter name: what an operator calls this item and no other.
  func text(_ run: String, name: String) -> [String] {
    var tries = ""
    if place.tries > 0 {
      tries = ", \(place.tries)\(place.tryLimit.map { " of \($0)" } ?? "") \(place.tries == 1 ? "try" : "tries") paid"
    }
    var text = ["\(item): \(place.place.rawValue)\(tries)"]
    if !place.why.isEmpty { text.append("  why: \(place.why)") }
    if [.dead, .cancelled].contains(place.place) {
      text.append("  to try it again: nocturne retry \(run) --id \(name)")
    }
    let formatter = DateFormatter()
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    for (line, seconds) in timed {
      let cost = seconds.map { " (after \(Self.clock($0))\(Self.stages(line)))" } ?? ""
      text.append("  \(formatter.string(from: line.date))  \(line.transition)\(cost)")
    }
    if lines.isEmpty { text.append("  it was never handed out") }
    return text
  }

  private static func clock(_ seconds: Double) -> String {
    seconds < 60 ? String(format: "%.1f s", max(0, seconds)) : ProgressMeter.clock(seconds)
  }

  /// What the renderer itself took; leases include waiting at the worker.
  private static func stages(_ line: StoryLine) -> String {
    guard case .done(let receipt) = line.transition.change, !receipt.stageSeconds.isEmpty else { return "" }
    let total = receipt.stageSeconds.values.reduce(0, +)
    return ", of which \(clock(total)) rendering"
  }

  var object: [String: Any] {
    var object: [String: Any] = [
      "id": item.row, "take": item.take, "place": place.place.rawValue, "why": place.why, "tries": place.tries,
      "live": isLive,
      "story": timed.map { line, seconds in
        var entry = line.transition.object
        entry["at"] = line.date.timeIntervalSince1970
        entry["lease_seconds"] = seconds
        return entry
      },
    ]
    object["try_limit"] = place.tryLimit
    return object
  }
}

extension Transition {
  fileprivate var object: [String: Any] {
    var object: [String: Any] = ["attempt": attempt, "text": description]
    switch change {
    case .leased(_, let worker, let shard):
      object.merge(["change": "leased", "worker": worker.name, "shard": shard]) { $1 }
    case .done(let receipt):
      object.merge(
        ["change": "done", "worker": receipt.worker.name, "stage_seconds": receipt.stageSeconds]) { $1 }
    case .released(let release):
      object.merge([
        "change": "released", "class": release.failureClass.rawValue, "message": release.message,
        "costs_try": release.costsTry,
      ]) { $1 }
      object["worker"] = release.worker?.name
    case .died(let failureClass, let message, let worker):
      object.merge(["change": "died", "class": failureClass.rawValue, "message": message]) { $1 }
      object["worker"] = worker?.name
    case .reopened(let reason): object.merge(["change": "reopened", "message": reason]) { $1 }
    }
    return object
  }
}
