import Crypto
package import Foundation

/// SHA-256, lower-case hexadecimal.
package struct FileDigest {
  private var hash = SHA256()

  package init() {}

  package mutating func update(_ data: Data) { hash.update(data: data) }

  package var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// First 32 bits, little-endian.
  package var word: UInt32 { hash.finalize().prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) } }

  /// Digest of a file, read in pieces so that it never counts as resident memory.
  package static func of(_ file: URL) throws(CheckpointError) -> String {
    func fault() -> CheckpointError {
      CheckpointError(.missingFile, file: file.path, "cannot be read; restore the file")
    }
    guard let handle = try? FileHandle(forReadingFrom: file) else { throw fault() }
    defer { try? handle.close() }
    var digest = FileDigest()
    do {
      while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { digest.update(piece) }
    } catch {
      throw fault()
    }
    return digest.hexadecimal
  }
}
