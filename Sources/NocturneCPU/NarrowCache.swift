import CNocturneKernels
package import NocturneTensor

/// A key/value cache in bf16, where products round to that anyway: half of what a single query reads.
final class NarrowCache: KeyValueCache, @unchecked Sendable {  // guard: written as `KeyValueCache` says
  let shape: Shape
  let keys: UnsafeMutablePointer<UInt16>
  let values: UnsafeMutablePointer<UInt16>

  init(_ shape: Shape) {
    precondition(shape.rank == 3, "cache: \(shape), expected [B, capacity, D]")
    self.shape = shape
    guard let keys = nk_allocate(shape.count * 2), let values = nk_allocate(shape.count * 2) else {
      preconditionFailure("cache: no memory for \(shape)")
    }
    self.keys = keys.bindMemory(to: UInt16.self, capacity: shape.count)
    self.values = values.bindMemory(to: UInt16.self, capacity: shape.count)
  }

  deinit {
    nk_release(keys)
    nk_release(values)
  }
}

extension CPUBackend {
  package func makeKeyValueCache(_ shape: Shape) -> any KeyValueCache {
    roundsToBF16 ? NarrowCache(shape) : TensorCache(shape, on: self)
  }

  package func remember(keys: Tensor, values: Tensor, in cache: any KeyValueCache, at frame: Int) {
    guard let cache = cache as? NarrowCache else {
      return rememberTensors(keys: keys, values: values, in: cache, at: frame)
    }
    let (from, to) = (keys.shape, cache.shape)
    precondition(
      from.rank == 3 && values.shape == from && from[0] == to[0] && from[2] == to[2] && frame >= 0
        && frame + from[1] <= to[1], "remember: keys \(from), values \(values.shape) in \(to) at frame \(frame)")
    defer { withExtendedLifetime((keys, values)) {} }
    let run = from[1] * from[2]
    let halves = [(keys.pointer, cache.keys), (values.pointer, cache.values)]
    pool.forEachRows(2 * from[0], width: run) { rows in
      for row in rows {
        let (read, write) = halves[row / from[0]]
        let row = row % from[0]
        kernels.table.to_bf16(read + row * run, write + (row * to[1] + frame) * to[2], run)
      }
    }
  }

  package func attention(queries: Tensor, over cache: any KeyValueCache, options: AttentionOptions) -> Tensor {
    guard let cache = cache as? NarrowCache else {
      return attentionOverTensors(queries: queries, over: cache, options: options)
    }
    if queries.shape[1] == 1, options.keyPositions == nil {
      return attention(queries: queries, keyShape: cache.shape, options: options) { call, start in
        call.narrow_keys = UnsafePointer(cache.keys + start)
        call.narrow_values = UnsafePointer(cache.values + start)
      }
    }
    // Several queries pack what they read; the opening of a caption is short.
    let frames = options.horizon(of: cache.shape[1], queries: queries.shape[1])
    return attention(
      queries: queries, keys: widened(cache.keys, of: cache.shape, frames: frames),
      values: widened(cache.values, of: cache.shape, frames: frames), options: options)
  }

  /// The first `frames` rows of one half of a cache [B, frames, D].
  private func widened(_ half: UnsafeMutablePointer<UInt16>, of shape: Shape, frames: Int) -> Tensor {
    let run = frames * shape[2]
    return make([shape[0], frames, shape[2]]) { result in
      pool.forEachRows(shape[0], width: run) { rows in
        for row in rows { kernels.table.from_bf16(half + row * shape[1] * shape[2], result + row * run, run) }
      }
    }
  }
}
