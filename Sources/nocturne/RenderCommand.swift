import ArgumentParser
import Foundation
import NocturneWire

struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render", abstract: "Render a manifest on this machine: coordinator and local workers, one command.",
    discussion: "Run the same command again to resume: finished clips are kept, the rest is rendered.")

  @Argument(
    help:
      "Manifest (CSV, TSV, JSONL, OpenAI-batch JSONL or plain text), job file, or - for a manifest on standard input.")
  var manifest: String
  @Option(help: "Run directory.")
  var out: String?
  @OptionGroup var options: RunOptions
  @OptionGroup var hooks: HookOptions

  func validate() throws {
    if options.workers == 0 {
      throw ValidationError("--workers is 0; give at least 1, or use `nocturne coordinator` for workers elsewhere")
    }
  }

  func run() throws {
    let run = try ResolvedRun(source: manifest, out: out, options: options)
    if run.workers == 0 {
      throw CommandFailure(
        .badInput, "\(manifest): workers is 0; give at least 1, or use `nocturne coordinator` for workers elsewhere")
    }
    let farm = FarmRun(
      run: run, listening: try Listening(run.endpoints),
      hooks: try Hooks(options: hooks, job: run.job))
    exitUnlessComplete(try farm.execute())
  }
}

struct CoordinatorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coordinator", abstract: "Hand out the work of a manifest or job to workers that connect.",
    discussion: "It loads no weights, but needs the checkpoint directory to know which model the workers must have.")

  @Argument(help: "Job file or manifest, or - for a manifest on standard input.")
  var source: String
  @Option(help: "Run directory.")
  var out: String?
  @OptionGroup var listening: ListeningOptions
  @OptionGroup var options: RunOptions
  @OptionGroup var hooks: HookOptions

  func run() throws {
    let run = try ResolvedRun(source: source, out: out, endpoints: listening.endpoints, options: options, workers: 0)
    let farm = FarmRun(
      run: run, listening: try Listening(run.endpoints),
      hooks: try Hooks(options: hooks, job: run.job))
    exitUnlessComplete(try farm.execute())
  }
}

private func exitUnlessComplete(_ status: ExitStatus) {
  if status != .complete { Foundation.exit(status.rawValue) }
}
