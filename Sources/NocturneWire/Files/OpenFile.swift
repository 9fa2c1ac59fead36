import CZeroMQ
package import Foundation
import Glibc

/// An open file, closed at its end of life. Descriptors are not inherited by child processes.
package final class OpenFile {
  package enum Mode {
    /// Made, or emptied.
    case create
    /// Made; refused when the name is taken, or is a link.
    case createNew(permissions: mode_t)
    /// Made if missing; every write goes to the end.
    case append
    case read
    /// Made if missing.
    case readWrite
  }

  package let path: String
  package private(set) var descriptor: Int32

  package init(_ path: String, _ mode: Mode) throws(FileFault) {
    let flags =
      switch mode {
      case .create: O_WRONLY | O_CREAT | O_TRUNC
      case .createNew: O_WRONLY | O_CREAT | O_EXCL
      case .append: O_WRONLY | O_CREAT | O_APPEND
      case .read: O_RDONLY
      case .readWrite: O_RDWR | O_CREAT
      }
    let permissions = if case .createNew(let permissions) = mode { permissions } else { mode_t(0o644) }
    let descriptor = open(path, flags | O_CLOEXEC, permissions)
    guard descriptor >= 0 else { throw FileFault("open", path) }
    // What was asked for, whatever the umask is at this instant.
    if case .createNew(let permissions) = mode, fchmod(descriptor, permissions) != 0 {
      let fault = FileFault("set the permissions of", path)
      _ = Glibc.close(descriptor)
      throw fault
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close() }

  /// May be called twice.
  package func close() {
    guard descriptor >= 0 else { return }
    _ = Glibc.close(descriptor)
    descriptor = -1
  }

  /// Writes all of it.
  /// - Parameter offset: nil for the file's position (the end in append mode).
  package func write(_ bytes: some ContiguousBytes, at offset: Int? = nil) throws(FileFault) {
    try bytes.withUnsafeBytes { (buffer: UnsafeRawBufferPointer) -> Result<Void, FileFault> in
      var done = 0
      while done < buffer.count {
        let rest = buffer.baseAddress! + done
        let count =
          offset.map { pwrite(descriptor, rest, buffer.count - done, off_t($0 + done)) }
          ?? Glibc.write(descriptor, rest, buffer.count - done)
        if count < 0 {
          if errno == EINTR { continue }
          return .failure(FileFault("write", path))
        }
        done += count
      }
      return .success(())
    }.get()
  }

  /// Reads up to `length` bytes from `offset`; fewer only at the end of the file.
  package func read(at offset: Int, length: Int) throws(FileFault) -> Data {
    var data = Data(count: length)
    let count = try data.withUnsafeMutableBytes { (buffer: UnsafeMutableRawBufferPointer) -> Result<Int, FileFault> in
      var done = 0
      while done < length {
        let count = pread(descriptor, buffer.baseAddress! + done, length - done, off_t(offset + done))
        if count < 0 {
          if errno == EINTR { continue }
          return .failure(FileFault("read", path))
        }
        if count == 0 { break }
        done += count
      }
      return .success(done)
    }.get()
    return count == length ? data : data.prefix(count)
  }

  package func size() throws(FileFault) -> Int { Int(try status().st_size) }

  func status() throws(FileFault) -> stat {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileFault("examine", path) }
    return status
  }

  package func truncate(to size: Int) throws(FileFault) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw FileFault("truncate", path) }
  }

  /// On return the contents survive a power cut.
  package func sync() throws(FileFault) {
    guard fsync(descriptor) == 0 else { throw FileFault("sync", path) }
  }

  /// On return the contents of all files survive a power cut.
  ///
  /// Many files are synced by one `syncfs` of their file system: that costs one flush of the disk instead of one for
  /// each file. All must be on one file system.
  package static func sync(_ files: [OpenFile]) throws(FileFault) {
    if files.count >= 8, syncfs(files[0].descriptor) == 0 { return }
    for file in files { try file.sync() }
  }
}
