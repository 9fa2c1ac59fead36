import CZeroMQ
package import Foundation
import Glibc

/// What is done to names in directories; each throws `FileFault`.
package enum Directory {
  /// On return the names in the directory survive a power cut.
  /// - Parameter changes: how many names changed. The sync of a directory may write its blocks one after the other;
  ///   when they are many, one flush of the whole file system is quicker.
  package static func sync(_ path: String, changes: Int = 1) throws(FileFault) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault("open", path) }
    defer { close(descriptor) }
    if changes >= 8, syncfs(descriptor) == 0 { return }
    guard fsync(descriptor) == 0 else { throw FileFault("sync", path) }
  }

  /// Makes the directory and those above it; one that exists is fine.
  package static func make(_ path: String) throws(FileFault) {
    if mkdir(path, 0o755) == 0 { return }
    if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try make(String(path[..<slash]))
      if mkdir(path, 0o755) == 0 { return }
    }
    guard errno == EEXIST else { throw FileFault("make the directory", path) }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw FileFault("make the directory", path, number: ENOTDIR)
    }
  }

  /// Makes the directory, where the file system allows in a region of its own. One that exists is fine.
  ///
  /// ext4 looks for the inode of a new file from the beginning of its directory's region. Without a journal it steps over
  /// every inode there that was freed in the last minutes: where a run of thousands of files was just deleted, each new
  /// file takes half a millisecond of this. Below a directory with the top-level flag, a new name gets a new region.
  package static func makeApart(_ path: String) throws(FileFault) {
    if access(path, F_OK) == 0 { return try make(path) }
    let parent = parent(of: path)
    try make(parent)
    setTopLevel(parent)
    let draft = path + "-" + String(UInt64.random(in: .min ... .max), radix: 36)
    try make(draft)
    if rename(draft, path) != 0 {
      rmdir(draft)
      try make(path)
    }
  }

  /// A hint; where it is not understood nothing happens.
  private static func setTopLevel(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // FS_IOC_GETFLAGS, FS_IOC_SETFLAGS and FS_TOPDIR_FL of <linux/fs.h>; the kernel reads and writes 32 bits.
    var flags: CLong = 0
    guard ioctl(descriptor, 0x8008_6601, &flags) == 0 else { return }
    flags |= 0x0002_0000
    _ = ioctl(descriptor, 0x4008_6602, &flags)
  }

  /// Moves a file over whatever has the new name, at once.
  package static func move(_ path: String, to newPath: String) throws(FileFault) {
    guard rename(path, newPath) == 0 else { throw FileFault("rename to \(newPath)", path) }
  }

  /// A file that is not there is fine.
  package static func remove(_ path: String) throws(FileFault) {
    guard unlink(path) == 0 || errno == ENOENT else { throw FileFault("remove", path) }
  }

  /// Whether anything has the name.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// Size of a regular file; nil when there is none by that name.
  package static func size(of path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// Bytes that this user may still write on the directory's file system; nil when it cannot be asked.
  package static func freeBytes(in path: String) -> Int? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
  }

  /// All of a file; nil when there is none by that name.
  package static func contents(of path: String) throws(FileFault) -> Data? {
    do {
      let file = try OpenFile(path, .read)
      return try file.read(at: 0, length: try file.size())
    } catch  where error.number == ENOENT {
      return nil
    }
  }

  /// Names in the directory, without `.` and `..`, in no order.
  package static func names(in path: String) throws(FileFault) -> [String] {
    guard let stream = opendir(path) else { throw FileFault("list", path) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Replaces a file by new contents: readers see all of the old or all of the new.
  /// - Parameter durable: whether it survives a power cut on return.
  package static func replace(_ path: String, with contents: Data, durable: Bool = true) throws(FileFault) {
    let draft = path + ".new"
    let file = try OpenFile(draft, .create)
    try file.write(contents)
    if durable { try file.sync() }
    file.close()
    try move(draft, to: path)
    if durable { try sync(parent(of: path)) }
  }

  package static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
