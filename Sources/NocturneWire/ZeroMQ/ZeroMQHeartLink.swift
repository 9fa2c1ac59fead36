import CZeroMQ
package import NocturneFarm

/// The connection of a worker's heart: heartbeats out, nothing in. It is separate from the worker's link because a
/// ZeroMQ socket belongs to one thread, and because a link that is busy with an artifact must not look dead.
/// Made and used by the heart's thread.
package final class ZeroMQHeartLink {
  private let socket: ZeroMQSocket

  /// - Parameter generation: that of the worker's link beside it.
  package init(
    context: ZeroMQContext, endpoint: Endpoint, protection: Protection<WorkerKeys> = .missing, worker: WorkerID,
    generation: Int = 0
  ) throws(WireError) {
    let keys = try protection.keys(for: endpoint)
    socket = ZeroMQSocket(context, ZMQ_DEALER)
    let route = Route(worker: worker, purpose: .heart, generation: generation)
    socket.set(ZMQ_ROUTING_ID, bytes: route.id)
    // Old heartbeats are worth nothing: without a connection they are not even queued.
    socket.set(ZMQ_IMMEDIATE, 1)
    socket.set(ZMQ_SNDHWM, 4)
    // Nobody answers a heart.
    socket.set(ZMQ_RCVHWM, 1)
    socket.set(ZMQ_MAXMSGSIZE, long: Int64(WireLimits.handshakeBytes))
    socket.setConnectionCare()
    if let keys { socket.useCurve(keys) }
    try socket.connect(endpoint)
  }

  /// False when there is no connection now.
  package func send(_ heartbeat: Heartbeat) -> Bool {
    socket.send(WorkerMessage.heartbeat(heartbeat).frames().parts) == .sent
  }
}
