import Foundation

/// What a child reads at the moment, in a file mapped into its memory: it is there after whatever ends the process, and
/// costs a store.
final class FuzzMark {
  private let words: UnsafeMutablePointer<UInt64>

  /// - Parameter path: a file of at least 8 bytes.
  init(_ path: String) throws {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0, let base = mmap(nil, 8, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      base != MAP_FAILED
    else { throw CocoaError(.fileReadUnknown) }
    close(descriptor)
    words = base.assumingMemoryBound(to: UInt64.self)
  }

  /// Seed of the input, or number of the file.
  var value: UInt64 {
    get { words.pointee }
    set { words.pointee = newValue }
  }
}
