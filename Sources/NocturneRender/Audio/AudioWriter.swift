package import Foundation
package import NocturneManifest

/// Puts finished audio on disk: under a temporary name, synced, renamed, and the directory synced, so that a file that
/// bears its final name is whole whatever was killed or unplugged.
package enum AudioWriter {
  /// Encodes and writes `file`, replacing what was there; returns the bytes.
  ///
  /// - Throws: `AudioError.encoderFailed`, `.noSpace`, `.cannotWrite`.
  @discardableResult
  package static func write(
    _ audio: PCM24, tags: AudioTags, format: AudioFormat, to file: URL
  ) throws(AudioError) -> [UInt8] {
    let bytes = try AudioEncoder.encode(audio, tags: tags, format: format)
    try write(bytes, to: file)
    return bytes
  }

  /// The name that a file has while it is being written; hidden, and overwritten by the next try after a crash.
  package static func temporary(for file: URL) -> URL {
    file.deletingLastPathComponent().appendingPathComponent(".\(file.lastPathComponent).partial")
  }

  static func write(_ bytes: [UInt8], to file: URL) throws(AudioError) {
    let partial = temporary(for: file)
    let descriptor = open(partial.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw fault(errno, file) }
    do throws(AudioError) {
      try writeAll(bytes, to: descriptor, of: file)
      guard fsync(descriptor) == 0 else { throw fault(errno, file) }
    } catch {
      close(descriptor)
      unlink(partial.path)
      throw error
    }
    guard close(descriptor) == 0, rename(partial.path, file.path) == 0 else {
      let code = errno
      unlink(partial.path)
      throw fault(code, file)
    }
    try syncDirectory(of: file)
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, of file: URL) throws(AudioError) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress! + offset, $0.count - offset) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw fault(errno, file) }
      offset += count
    }
  }

  private static func syncDirectory(of file: URL) throws(AudioError) {
    let descriptor = open(file.deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fault(errno, file) }
    defer { close(descriptor) }
    // Some network file systems cannot sync a directory, and say so.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw fault(errno, file) }
  }

  private static func fault(_ code: Int32, _ file: URL) -> AudioError {
    let reason = String(cString: strerror(code))
    return switch code {
    case ENOSPC, EDQUOT, EFBIG:
      AudioError(.noSpace, "cannot be written (\(reason)); free some space", file: file.path)
    default:
      AudioError(.cannotWrite, "cannot be written (\(reason)); check its directory", file: file.path)
    }
  }
}
