#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

extension Job {
  /// Whether the file at `path` is a job rather than a manifest. Its content tells: the first line that is no comment begins
  /// with a key, and a line begins with `manifest:`. Where the content is no help, a name that ends in `.yaml` or `.yml` does.
  ///
  /// Only regular files are looked into: a pipe would lose what was read. Anything unreadable is taken for a manifest,
  /// whose reader says why it cannot be read.
  package static func isJob(path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    guard let source = try? FileSource(path: path, name: path), let block = try? source.nextBlock() else {
      return false
    }
    return isJob(head: block.starts(with: byteOrderMark) ? block.dropFirst(byteOrderMark.count) : block[...])
      || path.hasSuffix(".yaml") || path.hasSuffix(".yml")
  }

  /// Whether text that begins so is a job.
  static func isJob(head: ArraySlice<UInt8>) -> Bool {
    let lines = head.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
    let isKeyed = lines.first { !isDecoration($0) }.map { key($0) != nil } ?? false
    return isKeyed && lines.contains { key($0).map { $0.elementsEqual("manifest".utf8) } ?? false }
  }

  /// Blank lines, comments and the marks between documents.
  private static func isDecoration(_ line: ArraySlice<UInt8>) -> Bool {
    let text = line.drop { $0 == 0x20 || $0 == 0x09 }
    return text.isEmpty || text.first == UInt8(ascii: "#") || text.first == UInt8(ascii: "%")
      || text.starts(with: "---".utf8)
  }

  /// The word before the colon with which a line at the margin begins.
  private static func key(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let word = line.prefix {
      $0 == 0x5F || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
    }
    let rest = line.dropFirst(word.count)
    guard !word.isEmpty, rest.first == UInt8(ascii: ":"), rest.count == 1 || rest.dropFirst().first == 0x20 else {
      return nil
    }
    return word
  }
}
