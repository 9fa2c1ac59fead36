import CZeroMQ
import Foundation
package import NocturneFarm

/// The coordinator's end over ZeroMQ: one ROUTER that listens on one or more endpoints. Used by one thread.
///
/// Mandatory routing and sends that never wait, so that nothing is dropped in silence: `send` says whether a message left.
/// Handover stays off; a worker that connects anew brings a new route (see `Route`).
package final class ZeroMQCoordinatorLink: CoordinatorLink {
  /// The endpoints as bound, ports resolved; those without keys first.
  package private(set) var endpoints: [Endpoint] = []
  /// What was received and thrown away.
  package private(set) var dropped = DroppedMessages()

  private let socket: ZeroMQSocket
  private let waker: Waker
  private var gatekeeper: Gatekeeper?
  private var routes: [WorkerID: Route] = [:]
  /// The key that spoke first under a worker's name keeps it.
  private var owners: [WorkerID: String] = [:]
  /// Unknown names may be invented; so many routes are remembered at once.
  private static let routeLimit = 65_536

  /// - Parameters:
  ///   - context: with keys, of this link alone.
  ///   - protection: for the endpoints that are TCP.
  ///   - waker: ends the wait of `receive` early.
  /// - Throws: `WireError`: `keysNeeded`, `exposed`, `addressInUse`, `cannotBind`, `pathTooLong`.
  package init(
    context: ZeroMQContext = ZeroMQContext(), endpoints: [Endpoint],
    protection: Protection<CoordinatorKeys> = .missing, waker: Waker
  ) throws(WireError) {
    var open: [Endpoint] = []
    var locked: [(Endpoint, CoordinatorKeys)] = []
    for endpoint in endpoints {
      if let keys = try protection.keys(for: endpoint) {
        locked.append((endpoint, keys))
      } else {
        open.append(endpoint)
      }
    }
    socket = ZeroMQSocket(context, ZMQ_ROUTER)
    self.waker = waker
    socket.set(ZMQ_ROUTER_MANDATORY, 1)
    socket.set(ZMQ_ROUTER_HANDOVER, 0)
    socket.set(ZMQ_SNDHWM, 1024)
    // Per worker; artifacts are under credit, so this bounds only the unexpected.
    socket.set(ZMQ_RCVHWM, 1024)
    socket.set(ZMQ_MAXMSGSIZE, long: Int64(WireLimits.workerEnvelopeBytes + WireLimits.curveBytes))
    socket.setConnectionCare()
    for endpoint in open { try bind(endpoint) }
    guard let keys = locked.first?.1 else { return }
    gatekeeper = Gatekeeper(
      context: context, admitted: keys.admitted, events: socket.tell(SocketMonitor.events), bell: waker)
    socket.guardWithCurve(keys.pair)
    do throws(WireError) {
      for (endpoint, _) in locked { try bind(endpoint) }
    } catch {
      gatekeeper?.stop()
      throw error
    }
  }

  deinit { gatekeeper?.stop() }

  private func bind(_ endpoint: Endpoint) throws(WireError) {
    try socket.bind(endpoint)
    if case .ipc = endpoint { endpoints.append(endpoint) } else { endpoints.append(try Endpoint(socket.lastEndpoint)) }
  }

  /// Who was turned away at the door since the last call, one line for each.
  package func takeRefusals() -> [String] { gatekeeper?.takeRefusals() ?? [] }

  package func receive(timeoutSeconds: Double) throws -> (from: WorkerID, message: WorkerMessage)? {
    if let received = next() { return received }
    guard timeoutSeconds > 0 else { return nil }
    socket.wait(seconds: timeoutSeconds, waker: waker)
    return next()
  }

  /// The next good message that is already here.
  private func next() -> (from: WorkerID, message: WorkerMessage)? {
    while true {
      do throws(WireFault) {
        switch socket.receive(maximumFrames: 1 + WireLimits.frames) {
        case .nothing: return nil
        case .tooManyFrames: throw .frameCount
        case .message(let parts, let user): return try read(parts, user)
        }
      } catch {
        dropped.count(error)
      }
    }
  }

  private func read(_ parts: [Data], _ user: String?) throws(WireFault) -> (from: WorkerID, message: WorkerMessage) {
    let route = try Route(id: parts[0])
    if let user, let owner = owners[route.worker], owner != user { throw .sender }
    let message = try WorkerMessage(Frames(parts: Array(parts.dropFirst())))
    switch (route.purpose, message) {
    case (.heart, .heartbeat): break
    case (.heart, _): throw .sender
    case (.messages, .hello(let hello)) where hello.worker != route.worker: throw .sender
    case (.messages, _): break
    }
    if case .goodbye = message {
      // Nothing is said to it any more, and it never comes back under this name.
      (routes[route.worker], owners[route.worker]) = (nil, nil)
      return (route.worker, message)
    }
    remember(route)
    if let user, owners[route.worker] == nil, owners.count < Self.routeLimit { owners[route.worker] = user }
    return (route.worker, message)
  }

  /// A heart has the generation of the link beside it, so a restarted coordinator that first hears a heart can answer.
  private func remember(_ route: Route) {
    let known = routes[route.worker]
    guard known.map({ route.generation > $0.generation }) ?? (routes.count < Self.routeLimit) else { return }
    routes[route.worker] = Route(worker: route.worker, purpose: .messages, generation: route.generation)
  }

  package func send(_ message: CoordinatorMessage, to worker: WorkerID) throws -> Bool {
    guard let route = routes[worker] else { return false }
    switch socket.send(message.frames().parts(to: route)) {
    case .sent: return true
    case .full: return false
    case .unknownPeer:
      routes[worker] = nil
      return false
    }
  }

  /// Gives what was sent up to `lingerSeconds` to leave. Nothing may be sent or received afterwards.
  package func close(lingerSeconds: Double) {
    socket.close(lingerSeconds: lingerSeconds)
    gatekeeper?.stop()
  }
}

extension Frames {
  func parts(to route: Route) -> [Data] { [Data(route.id)] + parts }

  var parts: [Data] { payload.map { [envelope, $0] } ?? [envelope] }
}

extension ZeroMQSocket {
  /// What both ends of a connection do about peers that vanish without a word.
  func setConnectionCare() {
    set(ZMQ_LINGER, 0)
    set(ZMQ_HEARTBEAT_IVL, 5_000)
    set(ZMQ_HEARTBEAT_TIMEOUT, 30_000)
    set(ZMQ_RECONNECT_IVL, 50)
    set(ZMQ_RECONNECT_IVL_MAX, 2_000)
    // A peer that connects and never speaks ZMTP.
    set(ZMQ_HANDSHAKE_IVL, 10_000)
  }
}
