import ArgumentParser
import Foundation
import NocturneCPU

/// The command line: one type per subcommand; everything that decides lives in the libraries.
@main
struct Nocturne: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nocturne",
    abstract: "Renders music from text, overnight: captions in, verified audio out.",
    discussion: """
      Start a run in the evening with `nocturne render`, run the same command again to resume it after anything went \
      wrong, and look at RUN/run.json in the morning.

      Exit codes: 0 complete; 2 finished with dead items; 64 usage; 65 bad input data; 69 an endpoint cannot be bound \
      or reached; 73 cannot write the run directory; 75 stopped before the end, rerun to resume.
      """,
    version: buildVersion,
    subcommands: [
      RenderCommand.self, CoordinatorCommand.self, WorkerCommand.self, PlanCommand.self, StatusCommand.self,
      ExplainCommand.self, PauseCommand.self, ResumeCommand.self, DrainCommand.self, CancelCommand.self,
      RetryCommand.self, VerifyCommand.self, ModelCommand.self, KeysCommand.self, BenchCommand.self,
    ])

  static func main() {
    ignoreBrokenPipes()
    raiseDescriptorLimit()
    OutOfMemory.handle()
    do {
      var command = try parseAsRoot()
      if let fault = InstructionSet.fault { throw CommandFailure(.usage, fault) }
      try command.run()
      try StandardOutput.flush()
    } catch let failure as CommandFailure {
      failure.reportAndExit()
    } catch {
      if exitCode(for: error) != .failure { exit(withError: error) }
      CommandFailure(wrapping: error).reportAndExit()
    }
  }
}

/// Version of the binary, sent in the handshake and written to `run.json`.
let buildVersion = "0.1.0"

/// A reader that goes away (`nocturne status | head`) must end us by an error code, not by a signal; a run goes on
/// without one.
private func ignoreBrokenPipes() {
  signal(SIGPIPE, SIG_IGN)
}

/// A coordinator holds two connections for each worker, and a file for each artifact on its way in; shells begin with 1,024
/// descriptors, enough for some five hundred workers. The system's own limit may be a billion, which no table should have.
private func raiseDescriptorLimit() {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
  let wanted = min(limit.rlim_max, 1 << 16)
  guard limit.rlim_cur < wanted else { return }
  limit.rlim_cur = wanted
  setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
