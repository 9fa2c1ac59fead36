import CSndFile
import Foundation

/// A file in memory that libsndfile reads and writes through callbacks: so that encoding is a pure function, a file is
/// hashed and decoded from the same bytes, and disk faults are ours to see.
final class MemoryFile {
  private(set) var bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  /// Opens the file for libsndfile, which must be closed before `self` is gone.
  func open(_ mode: Int32, _ info: inout SF_INFO) -> OpaquePointer? {
    var callbacks = MemoryFile.callbacks
    return sf_open_virtual(&callbacks, mode, &info, Unmanaged.passUnretained(self).toOpaque())
  }

  private func seek(_ offset: Int, _ whence: Int32) -> Int {
    let base =
      switch whence {
      case SEEK_SET: 0
      case SEEK_CUR: position
      default: bytes.count
      }
    let (target, overflow) = base.addingReportingOverflow(offset)
    guard !overflow, target >= 0 else { return -1 }
    position = target
    return position
  }

  private func read(_ destination: UnsafeMutableRawBufferPointer) -> Int {
    let count = max(0, min(destination.count, bytes.count - position))
    guard count > 0 else { return 0 }
    destination.copyBytes(from: bytes[position..<position + count])
    position += count
    return count
  }

  private func write(_ source: UnsafeRawBufferPointer) -> Int {
    if position > bytes.count { bytes.append(contentsOf: repeatElement(0, count: position - bytes.count)) }
    let overwritten = min(source.count, bytes.count - position)
    bytes.replaceSubrange(position..<position + overwritten, with: source.prefix(overwritten))
    bytes.append(contentsOf: source.dropFirst(overwritten))
    position += source.count
    return source.count
  }

  private static func file(_ context: UnsafeMutableRawPointer?) -> MemoryFile {
    Unmanaged.fromOpaque(context!).takeUnretainedValue()
  }

  private static var callbacks: SF_VIRTUAL_IO {
    SF_VIRTUAL_IO(
      get_filelen: { sf_count_t(MemoryFile.file($0).bytes.count) },
      seek: { sf_count_t(MemoryFile.file($2).seek(Int($0), $1)) },
      read: { sf_count_t(MemoryFile.file($2).read(UnsafeMutableRawBufferPointer(start: $0, count: Int($1)))) },
      write: { sf_count_t(MemoryFile.file($2).write(UnsafeRawBufferPointer(start: $0, count: Int($1)))) },
      tell: { sf_count_t(MemoryFile.file($0).position) })
  }
}
