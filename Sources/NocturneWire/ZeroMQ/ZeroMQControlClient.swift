import CZeroMQ
import Foundation
package import NocturneFarm

/// An operator's command on the line to a coordinator.
package enum ZeroMQControlClient {
  /// Asks once, and waits for the reply.
  /// - Parameter isHopeless: asked a few times a second; ends the wait.
  /// - Returns: nil when no reply came in time, or none that can be understood.
  /// - Throws: `WireError` with code `pathTooLong`.
  package static func ask(
    _ request: ControlRequest, at path: String, patienceSeconds: Double, unless isHopeless: () -> Bool
  ) throws(WireError) -> ControlReply? {
    let socket = ZeroMQSocket(ZeroMQContext(), ZMQ_DEALER)
    socket.setConnectionCare()
    socket.set(ZMQ_MAXMSGSIZE, long: Int64(WireLimits.coordinatorEnvelopeBytes))
    try socket.connect(.ipc(path: path))
    _ = socket.send([request.serialized])
    let waker = Waker()
    let deadline = FarmInstant.now + patienceSeconds
    while FarmInstant.now < deadline, !isHopeless() {
      if case .message(let parts, _) = socket.receive(maximumFrames: 1) {
        return parts.first.flatMap { try? ControlReply(serialized: $0) }
      }
      socket.wait(seconds: min(0.2, deadline.seconds(since: .now)), waker: waker)
    }
    return nil
  }
}
