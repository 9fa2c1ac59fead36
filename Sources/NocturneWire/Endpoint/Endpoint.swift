/// Where a coordinator listens and a worker connects: a Unix socket on this machine, or TCP.
package enum Endpoint: Hashable, Sendable, CustomStringConvertible {
  case ipc(path: String)
  /// Port 0 asks the system for a free one (only for listening).
  case tcp(host: String, port: Int)

  /// Reads `ipc://PATH`, `tcp://HOST:PORT` or `tcp://HOST:*`.
  /// - Throws: `WireError` with code `invalidEndpoint` or `pathTooLong`.
  package init(_ text: String) throws(WireError) {
    if text.hasPrefix("ipc://") {
      let path = String(text.dropFirst("ipc://".count))
      guard !path.isEmpty, !path.hasPrefix("@"), path != "*" else {
        throw WireError(.invalidEndpoint, endpoint: text, "an ipc endpoint needs a path, as in ipc:///run/night.sock")
      }
      try Self.checkLength(path)
      self = .ipc(path: path)
      return
    }
    guard text.hasPrefix("tcp://") else {
      throw WireError(.invalidEndpoint, endpoint: text, "not an endpoint; write ipc://PATH or tcp://HOST:PORT")
    }
    let rest = text.dropFirst("tcp://".count)
    guard let colon = rest.lastIndex(of: ":"), colon != rest.startIndex else {
      throw WireError(.invalidEndpoint, endpoint: text, "the port is missing, as in tcp://127.0.0.1:5555")
    }
    let portText = rest[rest.index(after: colon)...]
    guard let port = portText == "*" ? 0 : Int(portText), portText == "*" || (1...65_535).contains(port) else {
      throw WireError(.invalidEndpoint, endpoint: text, "'\(portText)' is no port number (1 to 65535)")
    }
    var host = String(rest[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard !host.isEmpty, host == "*" || host.utf8.allSatisfy(Self.isHostByte) else {
      throw WireError(.invalidEndpoint, endpoint: text, "'\(host)' is no host name or address")
    }
    self = .tcp(host: host, port: port)
  }

  /// Bytes of a path in a Unix socket address (108 with the closing zero).
  static let pathBytes = 107

  static func checkLength(_ path: String) throws(WireError) {
    guard path.utf8.count <= pathBytes else {
      throw WireError(
        .pathTooLong, endpoint: "ipc://\(path)",
        "the path has \(path.utf8.count) bytes, a socket's may have \(pathBytes); choose a shorter one")
    }
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"),
      UInt8(ascii: "_"), UInt8(ascii: "%"):
      true
    default: false
    }
  }

  /// True where only this machine can connect.
  package var staysOnThisMachine: Bool {
    switch self {
    case .ipc: true
    case .tcp(let host, _):
      host == "localhost" || host == "::1" || Self.isLoopbackAddress(host)
    }
  }

  var isIPv6: Bool {
    if case .tcp(let host, _) = self { host.contains(":") } else { false }
  }

  private static func isLoopbackAddress(_ host: String) -> Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "127" else { return false }
    return parts.allSatisfy { UInt8($0) != nil }
  }

  /// As libzmq takes it.
  package var description: String {
    switch self {
    case .ipc(let path): return "ipc://\(path)"
    case .tcp(let host, let port):
      // libzmq binds to addresses and interfaces, not to names.
      let address = host == "localhost" ? "127.0.0.1" : host.contains(":") ? "[\(host)]" : host
      return "tcp://\(address):\(port == 0 ? "*" : String(port))"
    }
  }
}
