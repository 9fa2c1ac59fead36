import Foundation
import Glibc
import Synchronization

/// The workers that a coordinator admits: a file of public keys, one a line, or a directory of `.pub` files.
///
/// One pair of keys that is copied to every machine serves as a join token: keys say who may join, not who is who.
package final class AllowList: Sendable {
  package let path: String
  private let names: Mutex<[PublicKey: String]>

  /// - Throws: `KeyError`, also when nobody would be admitted.
  package init(reading path: String) throws(KeyError) {
    self.path = path
    names = Mutex(try Self.read(path))
  }

  /// The name of an admitted key; nil for any other. An unknown key may have been added since: then the list is read
  /// again, so that a worker can be admitted during the night. One that was removed keeps its place until a restart.
  func name(of key: PublicKey) -> String? {
    names.withLock { names in
      if names[key] == nil, let fresh = try? Self.read(path) { names.merge(fresh) { $1 } }
      return names[key]
    }
  }

  private static func read(_ path: String) throws(KeyError) -> [PublicKey: String] {
    var names: [PublicKey: String] = [:]
    for file in try files(path) {
      for line in try KeyFile(file, of: .publicKey).lines { names[PublicKey(bytes: line.bytes)] = line.name }
    }
    return names
  }

  private static func files(_ path: String) throws(KeyError) -> [String] {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [path] }
    guard status.st_mode & 0o022 == 0 else {
      throw KeyError(.exposed, path, "others can add keys to this directory; chmod go-w \(path)")
    }
    let names = ((try? Directory.names(in: path)) ?? []).filter { $0.hasSuffix(".pub") }.sorted()
    guard !names.isEmpty else { throw KeyError(.malformed, path, "holds no .pub file, so no worker could join") }
    return names.map { "\(path)/\($0)" }
  }
}
