import ArgumentParser
import NocturneWire

/// Where a worker's coordinator is, and how it is recognised.
struct ConnectingOptions: ParsableArguments {
  @Option(help: "The coordinator: ipc://PATH or tcp://HOST:PORT.")
  var connect: String
  @Option(help: "This worker's secret key file (`nocturne keys new`); tcp needs one.")
  var key: String?
  @Option(help: "The coordinator's public key file.")
  var coordinatorKey: String?
  @Flag(help: "Let tcp on loopback go without keys, in clear.")
  var insecureLoopback = false

  func validate() throws {
    if insecureLoopback, key != nil || coordinatorKey != nil {
      throw ValidationError("give keys or --insecure-loopback, not both")
    }
    if (key == nil) != (coordinatorKey == nil) {
      throw ValidationError("--key and --coordinator-key go together: this worker's own, and whom it trusts")
    }
  }

  /// Reads the key files, and refuses an endpoint that they do not protect.
  /// - Throws: `WireError`, `KeyError`.
  func resolve() throws -> (endpoint: Endpoint, protection: Protection<WorkerKeys>) {
    let endpoint = try Endpoint(connect)
    var protection: Protection<WorkerKeys> = insecureLoopback ? .insecureLoopback : .missing
    if let key, let coordinatorKey {
      protection = .keys(
        WorkerKeys(pair: try KeyPair(reading: key), coordinator: try PublicKey(reading: coordinatorKey)))
    }
    _ = try protection.keys(for: endpoint)
    return (endpoint, protection)
  }
}
