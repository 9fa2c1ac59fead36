import CZeroMQ
import Foundation
import Synchronization

/// Says at the door who may speak to a coordinator: answers libzmq's question (ZAP, RFC 27) for every client that has
/// proved to own a key. On a thread of its own, because a slow disk must not hold up a handshake.
final class Gatekeeper: Sendable {
  static let domain = "nocturne"

  private let admitted: AllowList
  private let bell: Waker
  private let refusals = Mutex<RefusalBook>(RefusalBook())
  private let isStopped = Atomic<Bool>(false)
  private let waker = Waker()
  private let end = DispatchSemaphore(value: 0)

  /// Returns when it is at the door. One for each context.
  /// - Parameters:
  ///   - events: of the socket behind the door (`ZeroMQSocket.tell`).
  ///   - bell: woken when somebody was turned away.
  init(context: ZeroMQContext, admitted: AllowList, events: String, bell: Waker) {
    self.admitted = admitted
    self.bell = bell
    let ready = DispatchSemaphore(value: 0)
    let thread = Thread { [self] in
      defer { end.signal() }
      let socket = ZeroMQSocket(context, ZMQ_REP)
      socket.set(ZMQ_LINGER, 0)
      socket.bind(inProcess: "zeromq.zap.01")
      let monitor = SocketMonitor(context: context, events: events)
      ready.signal()
      while !isStopped.load(ordering: .relaxed) {
        socket.wait(seconds: .infinity, waker: waker, or: monitor.socket)
        while let event = monitor.next() { hear(event) }
        while case .message(let parts, _) = socket.receive(maximumFrames: 16) { _ = socket.send(answer(parts)) }
      }
    }
    thread.name = "gatekeeper"
    thread.start()
    ready.wait()
  }

  /// Returns when the thread has ended.
  func stop() {
    guard !isStopped.exchange(true, ordering: .relaxed) else { return }
    waker.wake()
    end.wait()
  }

  /// Who was turned away since the last call, one line for each; repetitions are left out.
  func takeRefusals() -> [String] { refusals.withLock { $0.take() } }

  /// Version, request, domain, address, routing id, mechanism, credentials in; version, request, status, text, user,
  /// metadata out. A request of another shape is libzmq's and not a stranger's, so what is missing reads as empty.
  private func answer(_ parts: [Data]) -> [Data] {
    func text(_ index: Int) -> String { parts.count > index ? String(decoding: parts[index], as: UTF8.self) : "" }
    let isOurs = text(2) == Self.domain && text(5) == "CURVE" && parts.count == 7 && parts[6].count == KeyPair.bytes
    let key = isOurs ? PublicKey(bytes: Array(parts[6])) : nil
    let isAdmitted = key.map { admitted.name(of: $0) != nil } ?? false
    if !isAdmitted {
      let who = key.map { "its key \($0.short)" } ?? "its mechanism"
      note("a worker at \(remark(text(3))) was turned away: \(who) is not in \(admitted.path)")
    }
    let fields = isAdmitted ? ["200", "OK", key?.description ?? "", ""] : ["400", "key not admitted", "", ""]
    return [Data("1.0".utf8), parts.count > 1 ? parts[1] : Data()] + fields.map { Data($0.utf8) }
  }

  /// A client that did not come as far as to show its key.
  private func hear(_ event: SocketMonitor.Event) {
    switch event {
    case .mechanismDiffers: note("somebody without keys was turned away: workers need --key and --coordinator-key")
    case .cryptographic:
      note("somebody was turned away who holds another coordinator's key: workers need this one's as --coordinator-key")
    case .notAdmitted, .broken: break
    }
  }

  private func note(_ line: String) {
    if refusals.withLock({ $0.note(line) }) { bell.wake() }
  }
}

/// Lines about strangers: each once, and no more than people can read.
struct RefusalBook {
  private var seen: Set<String> = []
  private var fresh: [String] = []
  private static let limit = 256

  /// False when it was said already, or when too much was said.
  mutating func note(_ line: String) -> Bool {
    guard seen.count < Self.limit, seen.insert(line).inserted else { return false }
    fresh.append(line)
    return true
  }

  mutating func take() -> [String] {
    defer { fresh = [] }
    return fresh
  }
}
