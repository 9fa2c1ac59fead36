import ArgumentParser

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Reproducible measurements; one JSON object with --json, a table otherwise.",
    subcommands: [
      BenchRenderCommand.self, BenchFarmCommand.self, BenchFarmWorkerCommand.self, BenchFarmSwarmCommand.self,
      BenchOpsCommand.self,
    ])
}
