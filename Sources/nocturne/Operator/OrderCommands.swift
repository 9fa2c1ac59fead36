import ArgumentParser
import NocturneFarm

struct PauseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Hand out nothing more; what executes is finished.",
    discussion: "A run stays paused over restarts, until `nocturne resume`.")
  @OptionGroup var target: RunArgument

  func run() throws { try target.give(.pause) }
}

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "resume", abstract: "Let a paused run go on.")
  @OptionGroup var target: RunArgument

  func run() throws { try target.give(.resume) }
}

struct DrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain",
    abstract: "Let workers finish what executes, then end the coordinator with 75; a rerun resumes.")
  @OptionGroup var target: RunArgument

  func run() throws { try target.give(.drain) }
}

struct CancelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Give up what is not rendered yet: everything, or the items named.",
    discussion: "Each goes to errors.jsonl in the class `cancelled`; `nocturne retry RUN --class cancelled` undoes it.")
  @OptionGroup var target: RunArgument
  @Option(help: ArgumentHelp("An item: a row's id, for one take <id>-t<k>. May be given often.", valueName: "id"))
  var id: [String] = []

  func run() throws { try target.give(.cancel(id.isEmpty ? .all : .named(id))) }
}

struct RetryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Let dead items wait again with fresh tries; their story is kept.",
    discussion: "On a run that nobody works on, the same command that made it renders them afterwards.")
  @OptionGroup var target: RunArgument
  @Option(help: ArgumentHelp("An item: a row's id, for one take <id>-t<k>. May be given often.", valueName: "id"))
  var id: [String] = []
  @Option(
    name: .customLong("class"),
    help: ArgumentHelp("Those that ended so: bad-item, item-fault, worker-fault, cancelled.", valueName: "class"))
  var failureClass: String?
  @Flag(help: "All that failed; not what was cancelled.")
  var allFailed = false

  func validate() throws {
    let given = [!id.isEmpty, failureClass != nil, allFailed].count { $0 }
    if given != 1 { throw ValidationError("say which items: --id ID, --class CLASS or --all-failed") }
    if let failureClass, FailureClass(rawValue: failureClass) == nil {
      let known = FailureClass.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--class is '\(failureClass)'; it must be one of \(known)")
    }
  }

  func run() throws {
    let ended = failureClass.flatMap(FailureClass.init(rawValue:)).map(ItemSelection.ended)
    try target.give(.retry(ended ?? (allFailed ? .all : .named(id))))
  }
}
