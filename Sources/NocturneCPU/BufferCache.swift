import CNocturneKernels
package import NocturneTensor
import Synchronization

/// Memory of released tensors, kept for the next ones of about the same size: the system clears every page it hands
/// out, which costs more than most operations on it.
///
/// What is kept never exceeds twice the most that was in use at once, nor `limit` bytes, nor `mostBuffers`; the longest
/// unused goes first.
package final class BufferCache: Sendable {
  private struct Buffer {
    let address: UInt
    /// Bytes; a size class.
    let size: Int
  }

  private struct State {
    /// In the order of their release.
    var free: [Buffer] = []
    var freeBytes = 0
    var usedBytes = 0
    var mostUsedBytes = 0

    /// The tightest buffer that holds `size` bytes and wastes less than half of them; among equals the last one
    /// released, which is the likeliest to be in a processor's cache.
    mutating func take(size: Int) -> Buffer? {
      var best: Int?
      for (index, buffer) in free.enumerated() where size...size + size / 2 ~= buffer.size {
        if best.map({ buffer.size <= free[$0].size }) ?? true { best = index }
      }
      let taken = best.map { free.remove(at: $0) }
      freeBytes -= taken?.size ?? 0
      usedBytes += taken?.size ?? size
      mostUsedBytes = max(mostUsedBytes, usedBytes)
      return taken
    }

    /// Returns the buffers to give up.
    mutating func keep(_ buffer: Buffer, limit: Int) -> [Buffer] {
      usedBytes -= buffer.size
      free.append(buffer)
      freeBytes += buffer.size
      var surplus = 0
      while freeBytes > min(limit, 2 * mostUsedBytes) || free.count - surplus > BufferCache.mostBuffers {
        freeBytes -= free[surplus].size
        surplus += 1
      }
      defer { free.removeFirst(surplus) }
      return Array(free.prefix(surplus))
    }
  }

  private static let mostBuffers = 256

  private let limit: Int
  private let state = Mutex(State())

  package init(limit: Int = 1 << 30) { self.limit = limit }

  deinit {
    for buffer in state.withLock({ $0.free }) { nk_release(UnsafeMutableRawPointer(bitPattern: buffer.address)) }
  }

  /// Uninitialised memory for `count` floats, 64-byte aligned; it comes back here when its last tensor goes.
  package func storage(count: Int) -> Storage {
    let size = Self.sizeClass(bytes: count * 4)
    let reused = state.withLock { $0.take(size: size) }
    let memory = reused.flatMap { UnsafeMutableRawPointer(bitPattern: $0.address) } ?? allocate(size)
    let base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
    let buffer = Buffer(address: UInt(bitPattern: memory), size: reused?.size ?? size)
    return Storage(base: base, count: count) { [self] _, _ in
      for surplus in state.withLock({ $0.keep(buffer, limit: limit) }) {
        nk_release(UnsafeMutableRawPointer(bitPattern: surplus.address))
      }
    }
  }

  /// Uninitialised memory of the system's, 64-byte aligned, which goes back to it (`nk_release`). What is kept here for later
  /// goes first where there is none.
  func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    if let memory = nk_allocate(size) { return memory }
    let kept = state.withLock { state in
      defer {
        state.free = []
        state.freeBytes = 0
      }
      return state.free
    }
    for buffer in kept { nk_release(UnsafeMutableRawPointer(bitPattern: buffer.address)) }
    return nk_allocate(size) ?? MemoryRefusal.end(size)
  }

  /// Bytes kept for reuse, and bytes in tensors.
  package var bytes: (free: Int, used: Int) { state.withLock { ($0.freeBytes, $0.usedBytes) } }

  /// Rounded up to a multiple of an eighth of its power of two, so that at most an eighth is wasted.
  package static func sizeClass(bytes: Int) -> Int {
    let bytes = max(bytes, 64)
    let step = max(64, (1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount)) / 8)
    return (bytes + step - 1) / step * step
  }
}
