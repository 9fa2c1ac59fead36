import CZeroMQ
import Foundation
package import NocturneFarm

/// The coordinator's end of the control socket: a ROUTER on a Unix socket that only its user can open. Used by one thread.
package final class ZeroMQControlServer {
  /// Whom to reply to.
  package struct Peer: Hashable, Sendable {
    fileprivate let id: Data
  }

  private let socket: ZeroMQSocket
  private let waker: Waker

  /// - Parameter waker: ends the wait of `receive` early.
  /// - Throws: `WireError`: `addressInUse`, `cannotBind`, `exposed`, `pathTooLong`.
  package init(context: ZeroMQContext = ZeroMQContext(), path: String, waker: Waker) throws(WireError) {
    socket = ZeroMQSocket(context, ZMQ_ROUTER)
    self.waker = waker
    socket.set(ZMQ_MAXMSGSIZE, long: Int64(WireLimits.workerEnvelopeBytes))
    socket.setConnectionCare()
    try socket.bind(.ipc(path: path))
  }

  /// The next request, or nil after `timeoutSeconds` or a waking. What is no request is dropped; one of another protocol
  /// version is refused.
  package func receive(timeoutSeconds: Double) -> (request: ControlRequest, from: Peer)? {
    if let received = next() { return received }
    socket.wait(seconds: timeoutSeconds, waker: waker)
    return next()
  }

  private func next() -> (request: ControlRequest, from: Peer)? {
    while true {
      switch socket.receive(maximumFrames: 2) {
      case .nothing: return nil
      case .tooManyFrames: continue
      case .message(let parts, _):
        guard parts.count == 2 else { continue }
        let peer = Peer(id: parts[0])
        do throws(WireFault) {
          return (try ControlRequest(serialized: parts[1]), peer)
        } catch {
          guard error == .protocolVersion else { continue }
          reply(
            .answer(.refused("the coordinator is of another build; use the same `nocturne` that runs it")), to: peer)
        }
      }
    }
  }

  /// Whether it arrives does not matter: who asks again gets the same answer.
  package func reply(_ reply: ControlReply, to peer: Peer) { _ = socket.send([peer.id, reply.serialized]) }

  /// Gives the last replies up to `lingerSeconds` to leave. Nothing may be sent or received afterwards.
  package func close(lingerSeconds: Double) { socket.close(lingerSeconds: lingerSeconds) }
}
