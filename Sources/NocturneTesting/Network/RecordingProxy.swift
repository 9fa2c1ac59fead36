package import Foundation
import Glibc
import Synchronization

/// A TCP proxy on loopback that writes down every byte which passes: what somebody on the wire would read.
package final class RecordingProxy: Sendable {
  private struct Books {
    var sent: [Data] = []
    var received = Data()
    var sockets: [Int32] = []
    var isClosed = false
  }

  /// Where clients connect.
  package let port: Int
  private let target: Int
  private let listener: Int32
  private let books = Mutex(Books())

  /// - Parameter target: port of the server on 127.0.0.1; it need not listen yet.
  package init(to target: Int) throws {
    self.target = target
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = Self.loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard isBound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    listener = descriptor
    port = Int(in_port_t(bigEndian: address.sin_port))
    Thread.detachNewThread { [self] in
      while case let client = accept(listener, nil, nil), client >= 0 { serve(client) }
    }
  }

  /// Everything that clients wrote so far, in the pieces in which it came.
  package var sent: [Data] { books.withLock { $0.sent } }
  /// Everything that the server wrote so far.
  package var received: Data { books.withLock { $0.received } }

  /// Cuts every connection and takes no more.
  package func close() {
    let sockets = books.withLock { books in
      defer { books.sockets = [] }
      books.isClosed = true
      return books.sockets
    }
    for socket in sockets + [listener] { shutdown(socket, Int32(SHUT_RDWR)) }
  }

  private func serve(_ client: Int32) {
    let server = Self.connected(to: target)
    let isWanted = books.withLock { books in
      if !books.isClosed, server >= 0 { books.sockets += [client, server] }
      return !books.isClosed && server >= 0
    }
    guard isWanted else {
      Glibc.close(client)
      if server >= 0 { Glibc.close(server) }
      return
    }
    Thread.detachNewThread { [self] in pump(from: client, to: server) { $0.sent.append($1) } }
    Thread.detachNewThread { [self] in pump(from: server, to: client) { $0.received += $1 } }
  }

  private func pump(from source: Int32, to drain: Int32, _ note: (inout Books, Data) -> Void) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = recv(source, &buffer, buffer.count, 0), count > 0 {
      books.withLock { note(&$0, Data(buffer[..<count])) }
      var done = 0
      while done < count {
        let written = buffer.withUnsafeBytes { send(drain, $0.baseAddress! + done, count - done, Int32(MSG_NOSIGNAL)) }
        if written <= 0 { break }
        done += written
      }
    }
    shutdown(drain, Int32(SHUT_RDWR))
    shutdown(source, Int32(SHUT_RDWR))
  }

  /// Says what was recorded once more to a server, piece by piece, each after an answer or a pause; then waits for the
  /// server to end the stream, or for `seconds`.
  package func replay(to port: Int, seconds: Double) {
    let stranger = Self.connected(to: port)
    guard stranger >= 0 else { return }
    defer { Glibc.close(stranger) }
    var answer = [UInt8](repeating: 0, count: 65_536)
    func listen(_ seconds: Double) -> Int {
      var entry = pollfd(fd: stranger, events: Int16(POLLIN), revents: 0)
      return poll(&entry, 1, Int32(seconds * 1000)) > 0 ? recv(stranger, &answer, answer.count, 0) : -1
    }
    for piece in sent {
      let bytes = Array(piece)
      guard Glibc.send(stranger, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count, listen(0.2) != 0 else {
        return
      }
    }
    while listen(seconds) > 0 {}
  }

  /// A raw stream to a port of this machine; below 0 when nobody listens.
  private static func connected(to port: Int) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if status == 0 { return descriptor }
    Glibc.close(descriptor)
    return -1
  }

  private static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
  }
}
