/// A link that cannot be opened or used.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable, CaseIterable {
    /// The text is no endpoint; exit code 64.
    case invalidEndpoint
    /// TCP without keys; exit code 64.
    case keysNeeded
    /// Others can write in the directory of an `ipc://` socket; exit code 64.
    case exposed
    /// The path of an `ipc://` socket does not fit into a socket address; exit code 64.
    case pathTooLong
    /// Somebody listens there already; exit code 69.
    case addressInUse
    /// The system refuses the address; exit code 69.
    case cannotBind
    /// The operating system or libzmq failed in a way that nobody can act on; exit code 69.
    case broken
  }

  package var code: Code
  package var endpoint: String
  package var message: String

  package init(_ code: Code, endpoint: String, _ message: String) {
    self.code = code
    self.endpoint = endpoint
    self.message = message
  }

  package var description: String { "\(endpoint): \(message)" }

  /// interface.md, "Exit codes".
  package var exitStatus: Int32 {
    switch code {
    case .invalidEndpoint, .keysNeeded, .exposed, .pathTooLong: 64
    case .addressInUse, .cannotBind, .broken: 69
    }
  }
}
