import CZeroMQ
import Foundation
import Synchronization

/// A libzmq socket. Used by one thread only: the one that made it.
final class ZeroMQSocket {
  enum Received {
    /// `user` is the key that the peer proved to own, as the gatekeeper wrote it; nil where none was asked for.
    case message([Data], user: String?)
    case nothing
    /// A message with more frames than the limit; it is gone.
    case tooManyFrames
  }

  enum Sent {
    case sent
    /// The peer's queue is full, or there is no connection: nothing left.
    case full
    /// ROUTER only: nobody by that routing id.
    case unknownPeer
  }

  /// Whether peers have keys.
  var knowsUsers = false

  private let context: ZeroMQContext
  private var handle: UnsafeMutableRawPointer?
  // libzmq does not like its messages moved, so one stays at one address.
  private let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)

  init(_ context: ZeroMQContext, _ kind: Int32) {
    self.context = context
    guard let handle = zmq_socket(context.handle, kind) else {
      preconditionFailure("ZeroMQSocket: \(lastZeroMQError())")
    }
    self.handle = handle
  }

  deinit {
    close(lingerSeconds: 0)
    message.deallocate()
  }

  func set(_ option: Int32, _ value: Int32) {
    var value = value
    check(zmq_setsockopt(handle, option, &value, MemoryLayout<Int32>.size), "option \(option)")
  }

  func set(_ option: Int32, long value: Int64) {
    var value = value
    check(zmq_setsockopt(handle, option, &value, MemoryLayout<Int64>.size), "option \(option)")
  }

  func set(_ option: Int32, bytes: [UInt8]) {
    check(zmq_setsockopt(handle, option, bytes, bytes.count), "option \(option)")
  }

  private func check(_ status: Int32, _ what: String) {
    precondition(status == 0, "ZeroMQSocket: \(what): \(lastZeroMQError())")
  }

  private static let masking = Mutex(())

  /// A socket file is for its owner only, from its first instant.
  /// - Throws: `WireError` with code `addressInUse`, `cannotBind`, `exposed` or `pathTooLong`.
  func bind(_ endpoint: Endpoint) throws(WireError) {
    try endpoint.checkPlace()
    if case .ipc(let path) = endpoint, Endpoint.isAlive(path: path) { throw Self.inUse(endpoint) }
    set(ZMQ_IPV6, endpoint.isIPv6 ? 1 : 0)
    // Of the whole process, for an instant: nobody who makes a file meanwhile is harmed by more privacy.
    // Two at a time would restore each other's.
    let status = Self.masking.withLock { _ in
      let mask = umask(0o177)
      defer { umask(mask) }
      return zmq_bind(handle, endpoint.description)
    }
    guard status != 0 else { return }
    switch zmq_errno() {
    case EADDRINUSE: throw Self.inUse(endpoint)
    case ENAMETOOLONG: throw WireError(.pathTooLong, endpoint: endpoint.description, "choose a shorter socket path")
    default:
      throw WireError(
        .cannotBind, endpoint: endpoint.description,
        "cannot listen there: \(lastZeroMQError()); choose another endpoint")
    }
  }

  private static func inUse(_ endpoint: Endpoint) -> WireError {
    WireError(
      .addressInUse, endpoint: endpoint.description,
      "somebody listens there already; stop that coordinator or choose another endpoint")
  }

  func connect(_ endpoint: Endpoint) throws(WireError) {
    try endpoint.checkPlace()
    set(ZMQ_IPV6, endpoint.isIPv6 ? 1 : 0)
    guard zmq_connect(handle, endpoint.description) == 0 else {
      throw WireError(.broken, endpoint: endpoint.description, "cannot connect: \(lastZeroMQError())")
    }
  }

  /// Binds to a name in the context.
  func bind(inProcess name: String) { check(zmq_bind(handle, "inproc://" + name), name) }

  /// Tells of this socket's `events`, a sum of `ZMQ_EVENT_...`, from now on.
  /// - Returns: the name in the context to which a `SocketMonitor` connects.
  func tell(_ events: Int32) -> String {
    let name = "monitor-\(UInt64.random(in: .min ... .max))"
    check(zmq_socket_monitor(handle, "inproc://" + name, events), "monitor")
    return name
  }

  /// Connects to a name in the context.
  func connect(inProcess name: String) { check(zmq_connect(handle, "inproc://" + name), name) }

  /// The endpoint that the last `bind` took, with the port that the system chose.
  var lastEndpoint: String {
    var text = [CChar](repeating: 0, count: 512)
    var count = text.count
    check(zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &text, &count), "last endpoint")
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Takes the next message without waiting.
  func receive(maximumFrames: Int) -> Received {
    var parts: [Data] = []
    var user: String?
    var excess = false
    while true {
      zmq_msg_init(message)
      defer { zmq_msg_close(message) }
      guard zmq_msg_recv(message, handle, ZMQ_DONTWAIT) >= 0 else {
        if zmq_errno() == EINTR { continue }
        return .nothing
      }
      if knowsUsers, user == nil { user = zmq_msg_gets(message, "User-Id").map { String(cString: $0) } }
      if parts.count < maximumFrames {
        parts.append(Data(bytes: zmq_msg_data(message), count: zmq_msg_size(message)))
      } else {
        excess = true
      }
      guard zmq_msg_more(message) != 0 else { return excess ? .tooManyFrames : .message(parts, user: user) }
    }
  }

  /// Sends all parts or none, without waiting.
  func send(_ parts: [Data]) -> Sent {
    for (index, part) in parts.enumerated() {
      let flags = ZMQ_DONTWAIT | (index + 1 < parts.count ? ZMQ_SNDMORE : 0)
      while part.withUnsafeBytes({ zmq_send(handle, $0.baseAddress, $0.count, flags) }) < 0 {
        switch zmq_errno() {
        case EINTR: continue
        case EHOSTUNREACH: return .unknownPeer
        default: return .full
        }
      }
    }
    return .sent
  }

  /// Waits for a message, for room to send when `writing`, for something to read on `other`, or for the waker.
  func wait(seconds: Double, writing: Bool = false, waker: Waker, or other: ZeroMQSocket? = nil) {
    var entries = [
      zmq_pollitem_t(
        socket: handle, fd: 0, events: Int16(ZMQ_POLLIN) | (writing ? Int16(ZMQ_POLLOUT) : 0), revents: 0),
      zmq_pollitem_t(socket: nil, fd: waker.descriptor, events: Int16(ZMQ_POLLIN), revents: 0),
    ]
    if let other {
      entries.append(zmq_pollitem_t(socket: other.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
    }
    guard zmq_poll(&entries, Int32(entries.count), Int(pollMilliseconds(seconds))) > 0 else { return }
    if entries[1].revents != 0 { waker.drain() }
  }

  /// Messages that were sent but have not left get `lingerSeconds` for it. May be called twice.
  func close(lingerSeconds: Double) {
    guard let handle else { return }
    set(ZMQ_LINGER, pollMilliseconds(lingerSeconds))
    zmq_close(handle)
    self.handle = nil
  }
}
