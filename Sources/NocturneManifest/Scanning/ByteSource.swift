#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Bytes in blocks, read once from front to back.
protocol ByteSource {
  /// The next block; empty at the end.
  /// - Throws: `ManifestError` with code `unreadable`.
  mutating func nextBlock() throws(ManifestError) -> [UInt8]
}

/// Bytes in memory, in blocks of any size (tests set it to 1 to find faults at block borders).
struct MemorySource: ByteSource {
  private let bytes: [UInt8]
  private let blockSize: Int
  private var offset = 0

  init(_ bytes: [UInt8], blockSize: Int = 1 << 16) {
    self.bytes = bytes
    self.blockSize = blockSize
  }

  mutating func nextBlock() -> [UInt8] {
    let end = min(offset + blockSize, bytes.count)
    defer { offset = end }
    return Array(bytes[offset..<end])
  }
}

/// A file, pipe or standard input.
final class FileSource: ByteSource {
  private static let blockSize = 1 << 16
  private let descriptor: Int32
  private let name: String

  /// - Parameter path: `-` is standard input.
  init(path: String, name: String) throws(ManifestError) {
    self.name = name
    guard path != "-" else {
      descriptor = STDIN_FILENO
      return
    }
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw Self.unreadable(name, errno) }
  }

  deinit {
    if descriptor > STDIN_FILENO { close(descriptor) }
  }

  func nextBlock() throws(ManifestError) -> [UInt8] {
    var failure: Int32 = 0
    let block = [UInt8](unsafeUninitializedCapacity: Self.blockSize) { buffer, count in
      var got: Int
      repeat { got = read(descriptor, buffer.baseAddress, Self.blockSize) } while got < 0 && errno == EINTR
      if got < 0 { failure = errno }
      count = max(got, 0)
    }
    if failure != 0 { throw Self.unreadable(name, failure) }
    return block
  }

  private static func unreadable(_ name: String, _ code: Int32) -> ManifestError {
    let reason = code == EISDIR ? "it is a folder" : String(cString: strerror(code)).lowercased()
    return ManifestError(
      code: .unreadable, message: "cannot read the manifest: \(reason)", location: SourceLocation(file: name))
  }
}
