import ArgumentParser
import NocturneCoordinator
import NocturneFarm

/// The run that an operator's verb is about.
struct RunArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String
  @Flag(help: "One JSON object.")
  var json = false

  /// Gives the order and says what became of it, in one line.
  /// - Throws: `CommandFailure` with exit code 65 when the order was refused; what `RunOperator` throws.
  func give(_ order: Order) throws {
    let (answer, isLive) = try RunOperator(RunDirectory(directory)).give(order)
    if case .refused(let reason) = answer { throw CommandFailure(.badInput, "\(directory): \(reason)") }
    if json { return try printJSON(answer.object.merging(["live": isLive, "run": directory]) { $1 }) }
    print(answer.line(directory, isLive: isLive))
  }
}

extension OrderAnswer {
  /// What was done, and the command that goes on from there.
  func line(_ run: String, isLive: Bool) -> String {
    switch self {
    case .paused(let atWork, let wasPaused):
      let now = wasPaused ? "paused already" : "paused"
      let rest = isLive ? "\(Self.count(atWork)) at work will finish" : "the next coordinator starts paused"
      return "\(now): \(rest); resume with: nocturne resume \(run)"
    case .resumed(let waiting, let wasPaused):
      let rest =
        isLive ? "\(Self.count(waiting)) to go" : "\(Self.count(waiting)) to go; run the same command to render them"
      return "\(wasPaused ? "resumed" : "was not paused"): \(rest)"
    case .draining(let atWork):
      return "draining: \(Self.count(atWork)) at work will finish, then the coordinator ends with 75; "
        + "run the same command to go on"
    case .standing: return "nobody works on this run; run the same command to go on"
    case .cancelled(let items):
      return "cancelled: \(Self.count(items)), with a line each in errors.jsonl; "
        + "take it back with: nocturne retry \(run) --class cancelled"
    case .retried(0): return "nothing to retry: no such item is dead"
    case .retried(let items):
      return "retried: \(Self.count(items)) to render again with fresh tries"
        + (isLive ? "" : "; run the same command to render them")
    case .refused(let reason): return reason
    }
  }

  private static func count(_ items: Int) -> String { "\(items) \(items == 1 ? "item" : "items")" }

  /// For `--json`.
  var object: [String: Any] {
    switch self {
    case .paused(let atWork, let wasPaused): ["did": "paused", "at_work": atWork, "was_paused": wasPaused]
    case .resumed(let waiting, let wasPaused): ["did": "resumed", "waiting": waiting, "was_paused": wasPaused]
    case .draining(let atWork): ["did": "draining", "at_work": atWork]
    case .standing: ["did": "nothing"]
    case .cancelled(let items): ["did": "cancelled", "items": items]
    case .retried(let items): ["did": "retried", "items": items]
    case .refused(let reason): ["did": "refused", "reason": reason]
    }
  }
}
