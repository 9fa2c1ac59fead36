import ArgumentParser
import NocturneWire

/// Where a worker's coordinators are, and how they are recognised.
struct ConnectingOptions: ParsableArguments {
  @Option(help: "The coordinator: ipc://PATH or tcp://HOST:PORT. May be given often, the most urgent run first.")
  var connect: [String]
  @Option(help: "This worker's secret key file (`nocturne keys new`); tcp needs one.")
  var key: String?
  @Option(help: "The coordinator's public key file.")
  var coordinatorKey: String?
  @Flag(help: "Let tcp on loopback go without keys, in clear.")
  var insecureLoopback = false

  func validate() throws {
    if connect.isEmpty { throw ValidationError("say where the coordinator is: --connect ENDPOINT") }
    if insecureLoopback, key != nil || coordinatorKey != nil {
      throw ValidationError("give keys or --insecure-loopback, not both")
    }
    if (key == nil) != (coordinatorKey == nil) {
      throw ValidationError("--key and --coordinator-key go together: this worker's own, and whom it trusts")
    }
  }

  /// Reads the key files, and refuses an endpoint that they do not protect.
  /// - Throws: `WireError`, `KeyError`.
  func resolve() throws -> [WorkerProcess.Post] {
    let endpoints = try connect.map { try Endpoint($0) }
    var protection: Protection<WorkerKeys> = insecureLoopback ? .insecureLoopback : .missing
    if let key, let coordinatorKey {
      protection = .keys(
        WorkerKeys(pair: try KeyPair(reading: key), coordinator: try PublicKey(reading: coordinatorKey)))
    }
    for endpoint in endpoints { _ = try protection.keys(for: endpoint) }
    return endpoints.map { WorkerProcess.Post(endpoint: $0, protection: protection) }
  }
}
