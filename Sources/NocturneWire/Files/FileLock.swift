import Foundation
import Glibc

/// A lock on a file that ends with the process, however it ends. The file holds the owner's process id.
package final class FileLock {
  private let file: OpenFile

  /// Nil when another process (or another lock of this one) has it.
  package init?(_ path: String) throws(FileFault) {
    file = try OpenFile(path, .readWrite)
    // `owner` holds the lock for an instant, which must not look like an owner.
    var tries = 0
    while flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK else { throw FileFault("lock", path) }
      tries += 1
      if tries == 5 { return nil }
      usleep(5_000)
    }
    try file.truncate(to: 0)
    try file.write(Data("\(getpid())\n".utf8))
  }

  /// The process that has the lock now; nil when nobody has, 0 when its number cannot be read.
  package static func owner(of path: String) -> Int? {
    guard let file = try? OpenFile(path, .read) else { return nil }
    if flock(file.descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
    let text = (try? file.read(at: 0, length: 32)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }
}
