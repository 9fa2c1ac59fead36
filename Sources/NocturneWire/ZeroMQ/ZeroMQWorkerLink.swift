import CZeroMQ
import Foundation
package import NocturneFarm

/// The worker's end over ZeroMQ: a DEALER that connects (and reconnects by itself) and speaks first. Used by one thread.
package final class ZeroMQWorkerLink: WorkerLink {
  package private(set) var dropped = DroppedMessages()

  private let socket: ZeroMQSocket
  private let monitor: SocketMonitor
  private let hasKeys: Bool
  private let waker: Waker
  /// What libzmq had no room for, oldest first; sent when it has.
  private var waiting: [Frames] = []
  private var waitingBytes = 0
  private static let waitingLimitBytes = 64 << 20

  /// - Parameters:
  ///   - generation: how many links this process had before; never the same twice (see `Route`).
  ///   - waker: ends the wait of `receive` early.
  /// - Throws: `WireError`: `keysNeeded`, `broken`. A coordinator that is not there is no error: it may come.
  package init(
    context: ZeroMQContext, endpoint: Endpoint, protection: Protection<WorkerKeys> = .missing, worker: WorkerID,
    generation: Int = 0, waker: Waker
  ) throws(WireError) {
    let keys = try protection.keys(for: endpoint)
    hasKeys = keys != nil
    socket = ZeroMQSocket(context, ZMQ_DEALER)
    monitor = SocketMonitor(context: context, events: socket.tell(SocketMonitor.events))
    self.waker = waker
    let route = Route(worker: worker, purpose: .messages, generation: generation)
    socket.set(ZMQ_ROUTING_ID, bytes: route.id)
    socket.set(ZMQ_SNDHWM, 256)
    socket.set(ZMQ_MAXMSGSIZE, long: Int64(WireLimits.coordinatorEnvelopeBytes + WireLimits.curveBytes))
    socket.setConnectionCare()
    if let keys { socket.useCurve(keys) }
    try socket.connect(endpoint)
  }

  package func receive(timeoutSeconds: Double) throws -> CoordinatorMessage? {
    flush()
    if let received = next() { return received }
    guard timeoutSeconds > 0 else { return nil }
    socket.wait(seconds: timeoutSeconds, writing: !waiting.isEmpty, waker: waker, or: monitor.socket)
    flush()
    return next()
  }

  private func next() -> CoordinatorMessage? {
    while true {
      do throws(WireFault) {
        switch socket.receive(maximumFrames: WireLimits.frames) {
        case .nothing: return nil
        case .tooManyFrames: throw .frameCount
        case .message(let parts, _): return try CoordinatorMessage(Frames(parts: parts))
        }
      } catch {
        dropped.count(error)
      }
    }
  }

  /// Why the connection does not come about, as far as it is known; each failure is told once.
  package func takeHandshakeFailure() -> HandshakeFailure? {
    var failure: HandshakeFailure?
    while let event = monitor.next() {
      switch event {
      case .notAdmitted: return .keyNotAdmitted
      case .mechanismDiffers: return hasKeys ? .keysUnexpected : .keysExpected
      case .cryptographic, .broken: if hasKeys { failure = .brokenOff }
      }
    }
    return failure
  }

  package func send(_ message: WorkerMessage) throws -> Bool {
    let frames = message.frames()
    if waiting.isEmpty, socket.send(frames.parts) == .sent { return true }
    let bytes = frames.envelope.count + (frames.payload?.count ?? 0)
    guard waitingBytes + bytes <= Self.waitingLimitBytes else { return false }
    waiting.append(frames)
    waitingBytes += bytes
    return true
  }

  private func flush() {
    guard !waiting.isEmpty else { return }
    var sent = 0
    while sent < waiting.count, socket.send(waiting[sent].parts) == .sent {
      waitingBytes -= waiting[sent].envelope.count + (waiting[sent].payload?.count ?? 0)
      sent += 1
    }
    waiting.removeFirst(sent)
  }

  /// Gives what was sent up to `lingerSeconds` to leave. Nothing may be sent or received afterwards.
  package func close(lingerSeconds: Double) {
    flush()
    socket.close(lingerSeconds: lingerSeconds)
  }
}
