import CZeroMQ
import Foundation
import Glibc

/// A CURVE key pair of one coordinator or of one or more workers.
package struct KeyPair: Sendable {
  package let publicKey: PublicKey
  let secret: [UInt8]

  /// Of each half.
  static let bytes = 32

  private init(secret: [UInt8]) {
    self.secret = secret
    var text = [CChar](repeating: 0, count: 41)
    let status = Self.z85(secret).withCString { zmq_curve_public(&text, $0) }
    precondition(status == 0, "KeyPair: \(lastZeroMQError())")
    publicKey = PublicKey(bytes: Self.decoded(text))
  }

  /// From the system's random numbers.
  package static func fresh() -> KeyPair {
    var publicText = [CChar](repeating: 0, count: 41)
    var secretText = publicText
    precondition(zmq_curve_keypair(&publicText, &secretText) == 0, "KeyPair.fresh: \(lastZeroMQError())")
    return KeyPair(secret: decoded(secretText))
  }

  /// Reads a secret key file, `NAME.key` of `nocturne keys new`.
  /// - Throws: `KeyError`: `exposed` when anybody but its owner can read it.
  package init(reading path: String) throws(KeyError) {
    let lines = try KeyFile(path, of: .secretKey).lines
    guard lines.count == 1 else { throw KeyError(.malformed, path, "holds \(lines.count) secret keys; it must be one") }
    self.init(secret: lines[0].bytes)
  }

  /// Writes `NAME.key`, which only its owner can read, and `NAME.pub`; makes the directory. Never replaces a file.
  /// - Returns: the paths of both.
  /// - Throws: `KeyError` with code `exists`, `FileFault`.
  package func write(named name: String, in directory: String) throws -> (secret: String, public: String) {
    let paths = (secret: "\(directory)/\(name).key", public: "\(directory)/\(name).pub")
    for path in [paths.secret, paths.public] where access(path, F_OK) == 0 {
      throw KeyError(.exists, path, "is there already, and keys are never replaced; choose another --name or --out")
    }
    try Directory.make(directory)
    try OpenFile(paths.secret, .createNew(permissions: 0o600)).write(KeyFile.line(.secretKey, secret, name))
    try OpenFile(paths.public, .createNew(permissions: 0o644)).write(KeyFile.line(.publicKey, publicKey.bytes, name))
    return paths
  }

  private static func z85(_ bytes: [UInt8]) -> String {
    var text = [CChar](repeating: 0, count: 41)
    precondition(zmq_z85_encode(&text, bytes, bytes.count) != nil, "KeyPair: \(bytes.count) bytes")
    return String(decoding: text.prefix(40).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func decoded(_ text: [CChar]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.bytes)
    precondition(zmq_z85_decode(&bytes, text) != nil, "KeyPair: libzmq made no Z85")
    return bytes
  }
}
