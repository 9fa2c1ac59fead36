import CZeroMQ

/// How the TCP endpoints of a link are protected (farm.md, promise 5). `ipc://` is protected by its directory.
package enum Protection<Keys: LinkKeys>: Sendable {
  /// Nothing was said: TCP is refused.
  case missing
  /// Asked for by name: TCP goes in clear, on loopback only.
  case insecureLoopback
  case keys(Keys)

  /// The keys with which `endpoint` is used; nil where it goes in clear.
  /// - Throws: `WireError`: `keysNeeded`, `broken` for a libzmq without CURVE.
  package func keys(for endpoint: Endpoint) throws(WireError) -> Keys? {
    guard case .tcp = endpoint else { return nil }
    switch self {
    case .insecureLoopback where endpoint.staysOnThisMachine: return nil
    case .missing, .insecureLoopback:
      let way = endpoint.staysOnThisMachine ? ", or --insecure-loopback to do without them" : ""
      throw WireError(
        .keysNeeded, endpoint: endpoint.description,
        "tcp needs keys: make them with `nocturne keys new`, and give \(Keys.options)\(way)")
    case .keys(let keys):
      guard zmq_has("curve") != 0 else {
        throw WireError(
          .broken, endpoint: endpoint.description,
          "this libzmq was built without CURVE; install one that has it (Debian: libzmq5)")
      }
      return keys
    }
  }
}

/// What one end of a link needs.
package protocol LinkKeys: Sendable {
  /// The command line's options for them.
  static var options: String { get }
}

package struct CoordinatorKeys: LinkKeys {
  package static var options: String { "--key and --admit" }
  let pair: KeyPair
  let admitted: AllowList

  package init(pair: KeyPair, admitted: AllowList) {
    self.pair = pair
    self.admitted = admitted
  }
}

package struct WorkerKeys: LinkKeys {
  package static var options: String { "--key and --coordinator-key" }
  let pair: KeyPair
  let coordinator: PublicKey

  package init(pair: KeyPair, coordinator: PublicKey) {
    self.pair = pair
    self.coordinator = coordinator
  }
}
