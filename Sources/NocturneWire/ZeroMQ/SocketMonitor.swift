import CZeroMQ
import Foundation

/// Hears which handshakes of a socket fail, and why. Used by one thread, which need not be the socket's.
struct SocketMonitor {
  enum Event: Hashable {
    /// The server's gatekeeper does not admit this client's key.
    case notAdmitted
    /// One side uses keys and the other does not.
    case mechanismDiffers
    /// A box that this side's keys do not open.
    case cryptographic
    /// The connection ended in the middle of its handshake, or what came was no handshake.
    case broken
  }

  static let events =
    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
    | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH

  let socket: ZeroMQSocket

  /// - Parameter events: the name from `ZeroMQSocket.tell`.
  init(context: ZeroMQContext, events: String) {
    socket = ZeroMQSocket(context, ZMQ_PAIR)
    socket.set(ZMQ_LINGER, 0)
    socket.connect(inProcess: events)
  }

  /// The next event that is already here.
  func next() -> Event? {
    while case .message(let parts, _) = socket.receive(maximumFrames: 2) {
      if let event = Self.event(parts[0]) { return event }
    }
    return nil
  }

  /// Number of the event in 16 bits, its value in 32, both as the machine writes them.
  private static func event(_ frame: Data) -> Event? {
    guard frame.count == 6 else { return nil }
    let (number, value) = frame.withUnsafeBytes {
      (
        Int32($0.loadUnaligned(as: UInt16.self)),
        Int32(bitPattern: $0.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
      )
    }
    switch (number, value) {
    case (ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 400): return .notAdmitted
    case (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH): return .mechanismDiffers
    case (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC): return .cryptographic
    case (ZMQ_EVENT_MONITOR_STOPPED, _): return nil
    default: return .broken
    }
  }
}
