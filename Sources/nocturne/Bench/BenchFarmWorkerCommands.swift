import ArgumentParser
import Foundation
import NocturneFarm
import NocturneWire

/// The worker process of `bench farm`.
struct BenchFarmWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "farm-worker", shouldDisplay: false)

  @Option var connect: String
  @Option var outbox: String
  @Option(help: "File for the seconds between shards, one a line.")
  var gaps: String
  @Option var itemSeconds = 0.0

  func run() throws {
    let renderer = NullRenderer(itemSeconds: itemSeconds)
    let process = WorkerProcess(
      posts: [WorkerProcess.Post(endpoint: try Endpoint(connect))], outbox: outbox, patienceSeconds: 10)
    let exit = try process.run(renderer)
    try renderer.gaps.map { "\($0)\n" }.joined().write(toFile: gaps, atomically: true, encoding: .utf8)
    if exit.status != 0 { throw CommandFailure(exit) }
  }
}

/// Many workers in one process and thread.
struct BenchFarmSwarmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "farm-swarm", shouldDisplay: false)

  @Option var connect: String
  @Option var workers: Int

  func run() throws {
    let endpoint = try Endpoint(connect)
    let context = ZeroMQContext()
    let renderer = NullRenderer()
    var swarm = try (0..<workers).map {
      try SwarmWorker(number: $0, endpoint: endpoint, context: context, renderer: renderer)
    }
    while !swarm.isEmpty {
      var isBusy = false
      for worker in swarm where try worker.step() { isBusy = true }
      swarm.removeAll { $0.exit != nil }
      // So many sockets have no one descriptor to wait on.
      if !isBusy { usleep(500) }
    }
  }
}
