import Foundation

/// A file for readers that take a path; in memory where the system has such a place, and gone with its owner.
final class ScratchFile {
  let path: String

  init(_ name: String = "input") throws {
    let memory = "/dev/shm"
    let folder =
      FileManager.default.isWritableFile(atPath: memory) ? memory : FileManager.default.temporaryDirectory.path
    path = "\(folder)/nocturne-fuzz-\(getpid())-\(name)"
  }

  deinit { for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) } }

  func write(_ bytes: some Sequence<UInt8>) {
    guard let file = fopen(path, "w") else { preconditionFailure("ScratchFile: cannot write \(path)") }
    let contents = Array(bytes)
    fwrite(contents, 1, contents.count, file)
    fclose(file)
  }
}
