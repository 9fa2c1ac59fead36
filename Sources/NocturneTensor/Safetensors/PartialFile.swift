import Foundation

/// A file in the making beside its final name: it takes the name when finished and vanishes when not.
final class PartialFile {
  private let path: String
  private let partial: String
  private var descriptor: Int32

  /// Throws `SafetensorsError` with code `io`, as every method does.
  init(path: String) throws {
    self.path = path
    partial = path + ".partial-\(getpid())"
    descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw fault("create") }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(partial)
  }

  func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard let base = bytes.baseAddress else { return }
    var done = 0
    while done < bytes.count {
      let count = Foundation.write(descriptor, base + done, bytes.count - done)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw fault("write") }
      done += count
    }
  }

  /// Flushes to disk, then renames.
  func finish() throws {
    guard fsync(descriptor) == 0 else { throw fault("flush") }
    guard rename(partial, path) == 0 else { throw fault("rename into place") }
    close(descriptor)
    descriptor = -1
  }

  private func fault(_ verb: String) -> SafetensorsError {
    SafetensorsError(.io, file: path, "cannot \(verb): \(String(cString: strerror(errno)))")
  }
}
