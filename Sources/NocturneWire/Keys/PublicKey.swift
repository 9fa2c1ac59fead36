/// The public half of a CURVE key pair: the name under which a coordinator or a worker is known. May be read by anyone.
package struct PublicKey: Hashable, Sendable, CustomStringConvertible {
  let bytes: [UInt8]

  init(bytes: [UInt8]) {
    precondition(bytes.count == KeyPair.bytes, "PublicKey: \(bytes.count) bytes")
    self.bytes = bytes
  }

  /// Reads a public key file, `NAME.pub` of `nocturne keys new`.
  /// - Throws: `KeyError`.
  package init(reading path: String) throws(KeyError) {
    let lines = try KeyFile(path, of: .publicKey).lines
    guard lines.count == 1 else {
      throw KeyError(.malformed, path, "holds \(lines.count) keys where one is needed; name the file of one")
    }
    bytes = lines[0].bytes
  }

  /// 64 hexadecimal digits.
  package var description: String { hexadecimal(bytes) }
  /// Enough of it for people to tell keys apart.
  package var short: String { String(description.prefix(12)) }
}
