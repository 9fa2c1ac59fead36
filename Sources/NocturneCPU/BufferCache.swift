import CNocturneKernels
import NocturneTensor
import Synchronization

/// Memory of released tensors, kept for the next ones of the same size class: fresh memory costs a page fault for every
/// 4 KiB at every operation.
///
/// What is kept never exceeds the most that was in use at once, nor `limit` bytes.
final class BufferCache: Sendable {
  private struct State {
    /// Addresses of free buffers by size class in bytes.
    var free: [Int: [UInt]] = [:]
    var freeBytes = 0
    var usedBytes = 0
    var mostUsedBytes = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int = 1 << 30) { self.limit = limit }

  deinit {
    state.withLock { state in
      for address in state.free.values.joined() { nk_release(UnsafeMutableRawPointer(bitPattern: address)) }
    }
  }

  /// Uninitialised memory for `count` floats, 64-byte aligned; it comes back here when its last tensor goes.
  func storage(count: Int) -> Storage {
    let size = Self.sizeClass(bytes: count * 4)
    let reused = state.withLock { state -> UInt? in
      state.usedBytes += size
      state.mostUsedBytes = max(state.mostUsedBytes, state.usedBytes)
      guard let address = state.free[size]?.popLast() else { return nil }
      state.freeBytes -= size
      return address
    }
    guard let memory = reused.map({ UnsafeMutableRawPointer(bitPattern: $0) }) ?? nk_allocate(size) else {
      preconditionFailure("allocate: no memory for \(count) floats")
    }
    let base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
    return Storage(base: base, count: count) { [self] pointer, count in
      take(UnsafeMutableRawPointer(pointer), size: Self.sizeClass(bytes: count * 4))
    }
  }

  private func take(_ memory: UnsafeMutableRawPointer, size: Int) {
    let address = UInt(bitPattern: memory)
    let kept = state.withLock { state in
      state.usedBytes -= size
      guard state.freeBytes + size <= min(limit, state.mostUsedBytes) else { return false }
      state.free[size, default: []].append(address)
      state.freeBytes += size
      return true
    }
    if !kept { nk_release(memory) }
  }

  /// Bytes kept for reuse, and bytes in tensors.
  var bytes: (free: Int, used: Int) { state.withLock { ($0.freeBytes, $0.usedBytes) } }

  /// Rounded up to a multiple of an eighth of its power of two, so that at most an eighth is wasted.
  static func sizeClass(bytes: Int) -> Int {
    let bytes = max(bytes, 64)
    let step = max(64, (1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount)) / 8)
    return (bytes + step - 1) / step * step
  }
}
