import Foundation

/// A whole file mapped into memory for reading.
final class MappedFile: @unchecked Sendable {  // guard: the mapping is read-only and lives until deinit
  let bytes: UnsafeRawBufferPointer

  /// Throws `SafetensorsError` with code `io`.
  init(path: String) throws {
    func fault(_ verb: String, _ number: Int32) -> SafetensorsError {
      SafetensorsError(.io, file: path, "cannot \(verb): \(String(cString: strerror(number)))")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fault("open", errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw fault("inspect", errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SafetensorsError(.io, file: path, "is not a regular file")
    }
    guard status.st_size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let size = Int(status.st_size)
    guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw fault("map", errno)
    }
    bytes = UnsafeRawBufferPointer(start: base, count: size)
  }

  deinit {
    if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
  }

  /// Lets go of the pages that hold `range`, so that they no longer count as resident. They stay readable.
  func release(_ range: Range<Int>) {
    guard let base = bytes.baseAddress, !range.isEmpty else { return }
    let page = Int(getpagesize())
    let start = range.lowerBound / page * page
    _ = madvise(UnsafeMutableRawPointer(mutating: base + start), range.upperBound - start, MADV_DONTNEED)
  }
}
