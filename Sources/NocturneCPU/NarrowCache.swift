import CNocturneKernels
package import NocturneTensor

extension CPUBackend {
  package func makeKeyValueCache(_ shape: Shape) -> any KeyValueCache {
    roundsToBF16 || roundsToInt8 ? NarrowCache(shape, on: self) : TensorCache(shape, on: self)
  }
}

/// A key/value cache in bf16, where products round to that, or to less, anyway: half of what a single query reads. Its
/// memory goes back to the system with it, not to the backend's buffers, of which nothing later is as large.
private final class NarrowCache: KeyValueCache, @unchecked Sendable {  // guard: written as `KeyValueCache` says
  private let shape: Shape
  private let backend: CPUBackend
  private let keys: UnsafeMutablePointer<UInt16>
  private let values: UnsafeMutablePointer<UInt16>

  init(_ shape: Shape, on backend: CPUBackend) {
    precondition(shape.rank == 3, "cache: \(shape), expected [B, capacity, D]")
    self.shape = shape
    self.backend = backend
    func half() -> UnsafeMutablePointer<UInt16> {
      backend.memory.allocate(shape.count * 2).bindMemory(to: UInt16.self, capacity: shape.count)
    }
    keys = half()
    values = half()
  }

  deinit {
    nk_release(keys)
    nk_release(values)
  }

  func remember(keys: Tensor, values: Tensor, at frame: Int) {
    let from = keys.shape
    precondition(
      from.rank == 3 && values.shape == from && from[0] == shape[0] && from[2] == shape[2] && frame >= 0
        && frame + from[1] <= shape[1], "remember: keys \(from), values \(values.shape) in \(shape) at frame \(frame)")
    defer { withExtendedLifetime((keys, values)) {} }
    let (run, capacity) = (from[1] * from[2], shape[1] * shape[2])
    let halves = [(keys.pointer, self.keys), (values.pointer, self.values)]
    backend.pool.forEachRows(2 * from[0], width: run) { rows in
      for row in rows {
        let (read, write) = halves[row / from[0]]
        let row = row % from[0]
        backend.kernels.table.to_bf16(read + row * run, write + row * capacity + frame * shape[2], run)
      }
    }
  }

  func attention(queries: Tensor, options: AttentionOptions) -> Tensor {
    if queries.shape[1] == 1, options.keyPositions == nil {
      return backend.attention(queries: queries, keyShape: shape, options: options) { call, start in
        call.narrow_keys = UnsafePointer(keys + start)
        call.narrow_values = UnsafePointer(values + start)
      }
    }
    // Several queries pack what they read; the opening of a caption is short.
    let frames = options.horizon(of: shape[1], queries: queries.shape[1])
    return backend.attention(
      queries: queries, keys: widened(keys, frames: frames), values: widened(values, frames: frames), options: options)
  }

  /// The first `frames` rows of keys or values [B, frames, D].
  private func widened(_ half: UnsafeMutablePointer<UInt16>, frames: Int) -> Tensor {
    let (run, capacity) = (frames * shape[2], shape[1] * shape[2])
    return backend.make([shape[0], frames, shape[2]]) { result in
      backend.pool.forEachRows(shape[0], width: run) { rows in
        for row in rows { backend.kernels.table.from_bf16(half + row * capacity, result + row * run, run) }
      }
    }
  }
}
