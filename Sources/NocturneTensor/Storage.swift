/// The memory behind tensors: a fixed run of 32-bit floats that lives as long as any tensor refers to it.
///
/// Written only by the backend call that creates it (and by `Backend.copy(_:into:at:)`, which its one user, the key/value
/// cache, serialises), read-only afterwards.
package final class Storage: @unchecked Sendable {  // guard: written before it is shared, as said above
  package let base: UnsafeMutablePointer<Float>
  /// Number of floats.
  package let count: Int
  private let release: @Sendable (UnsafeMutablePointer<Float>, Int) -> Void

  /// Memory from a backend's own allocator; `release` gets it back with its count.
  package init(
    base: UnsafeMutablePointer<Float>, count: Int,
    release: @escaping @Sendable (UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    self.base = base
    self.count = count
    self.release = release
  }

  /// Uninitialised memory, aligned to 64 bytes (a cache line, and the widest vector register).
  package convenience init(count: Int) {
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
    self.init(base: raw.bindMemory(to: Float.self, capacity: max(count, 1)), count: count) { pointer, _ in
      UnsafeMutableRawPointer(pointer).deallocate()
    }
  }

  deinit { release(base, count) }
}
