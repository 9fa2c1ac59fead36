/// Why a connection to the coordinator does not come about although somebody listens there; `description` is one line.
package enum HandshakeFailure: Hashable, Sendable, CustomStringConvertible {
  /// The coordinator knows what it wants, and it is not us.
  case keyNotAdmitted
  /// The coordinator uses keys, and this worker was given none.
  case keysExpected
  /// This worker has keys, and the coordinator uses none.
  case keysUnexpected
  /// The connection ends during the handshake: another coordinator's key, or a coordinator that is just being stopped.
  case brokenOff

  /// Waiting does not mend it.
  var isFinal: Bool { self != .brokenOff }

  package var description: String {
    switch self {
    case .keyNotAdmitted: "key not admitted; add this worker's .pub file to the coordinator's --admit"
    case .keysExpected: "it uses keys; start the worker with --key and --coordinator-key"
    case .keysUnexpected: "it uses no keys; start the coordinator with --key and --admit"
    case .brokenOff: "the coordinator breaks the handshake off; is --coordinator-key this coordinator's key?"
    }
  }
}
