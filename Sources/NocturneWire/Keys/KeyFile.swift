import Foundation
import Glibc

/// A file of keys: lines of a kind, 64 hexadecimal digits and a name for people; `#` begins a comment.
struct KeyFile {
  enum Kind: String {
    case secretKey = "nocturne-secret-key"
    case publicKey = "nocturne-public-key"
  }

  struct Line {
    let bytes: [UInt8]
    let name: String
  }

  let lines: [Line]
  private static let maximumBytes = 8 << 20

  /// - Throws: `KeyError`: `unreadable`; `malformed` for a line that is no key of this kind, or when there is none;
  ///   `exposed` for a secret that others can read, or a public key that they can replace.
  init(_ path: String, of kind: Kind) throws(KeyError) {
    let (text, mode) = try Self.contents(path)
    var lines: [Line] = []
    for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
      lines.append(try Self.parsed(line, kind, path))
    }
    guard !lines.isEmpty else { throw KeyError(.malformed, path, "holds no key; make one with `nocturne keys new`") }
    self.lines = lines
    switch kind {
    case .secretKey where mode & 0o077 != 0:
      throw KeyError(.exposed, path, "others can read this secret key; make a new one, or: chmod 600 \(path)")
    case .publicKey where mode & 0o022 != 0:
      throw KeyError(.exposed, path, "others can change this key file; chmod go-w \(path)")
    default: break
    }
  }

  static func line(_ kind: Kind, _ bytes: [UInt8], _ name: String) -> Data {
    Data("\(kind.rawValue) \(hexadecimal(bytes)) \(name)\n".utf8)
  }

  /// The mode is the open file's, so that nobody can change its place in between.
  private static func contents(_ path: String) throws(KeyError) -> (text: String, mode: mode_t) {
    do throws(FileFault) {
      let file = try OpenFile(path, .read)
      let mode = try file.status().st_mode
      guard mode & S_IFMT == S_IFREG else { throw FileFault("read", path, number: EISDIR) }
      let data = try file.read(at: 0, length: min(try file.size(), maximumBytes))
      return (String(decoding: data, as: UTF8.self), mode)
    } catch {
      throw KeyError(.unreadable, path, "cannot be read as a key file: \(error.reason)")
    }
  }

  private static func parsed(_ line: Substring, _ kind: Kind, _ path: String) throws(KeyError) -> Line {
    let words = line.split(separator: " ", maxSplits: 2)
    let found = words.first.flatMap { Kind(rawValue: String($0)) }
    if let found, found != kind {
      throw KeyError(
        .malformed, path,
        kind == .secretKey
          ? "is a public key, and the secret one is needed; name the file that ends in .key"
          : "is a secret key, and a public one is needed; name the file that ends in .pub, and keep this one to yourself"
      )
    }
    guard found != nil, words.count > 1, let bytes = digest(hexadecimal: String(words[1])) else {
      throw KeyError(.malformed, path, "is no key file; make one with `nocturne keys new`")
    }
    return Line(bytes: Array(bytes), name: words.count > 2 ? label(String(words[2])) : "")
  }
}
