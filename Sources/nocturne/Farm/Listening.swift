import ArgumentParser
import NocturneManifest
import NocturneWire

/// Where workers of other machines (or other shells) connect, besides the run's own socket, and with which keys.
struct Listening {
  let endpoint: Endpoint?
  let protection: Protection<CoordinatorKeys>

  /// Reads the key files, and refuses an endpoint that they do not protect.
  /// - Throws: `WireError`, `KeyError`, `ValidationError`.
  init(_ endpoints: Job.Endpoints) throws {
    endpoint = try endpoints.listen.map { text throws(WireError) in try Endpoint(text) }
    protection =
      switch (endpoints.key, endpoints.admit, endpoints.insecureLoopback ?? false) {
      case (let key?, let admit?, false):
        .keys(CoordinatorKeys(pair: try KeyPair(reading: key), admitted: try AllowList(reading: admit)))
      case (nil, nil, let insecureLoopback): insecureLoopback ? .insecureLoopback : .missing
      case (_, _, true): throw ValidationError("give keys or --insecure-loopback, not both")
      case (_, nil, _): throw ValidationError("--key needs --admit: the public keys of the workers that may join")
      case (nil, _, _): throw ValidationError("--admit needs --key: the coordinator's own secret key file")
      }
    if let endpoint { _ = try protection.keys(for: endpoint) }
  }
}

/// A job file has a key of the same name for each, below `endpoints`.
struct ListeningOptions: ParsableArguments {
  @Option(help: "Where workers connect: ipc://PATH or tcp://HOST:PORT. The run's own socket is always open.")
  var listen: String?
  @Option(help: "The coordinator's secret key file (`nocturne keys new`); tcp needs one.")
  var key: String?
  @Option(help: "Public keys of the workers that may join: a file with one a line, or a directory of .pub files.")
  var admit: String?
  @Flag(help: "Let tcp on loopback go without keys, in clear.")
  var insecureLoopback = false

  var endpoints: Job.Endpoints {
    Job.Endpoints(listen: listen, key: key, admit: admit, insecureLoopback: insecureLoopback ? true : nil)
  }
}
