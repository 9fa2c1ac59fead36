/// Keys (already rotated) and values of past positions, [B, capacity, D] each; a backend may hold them in fewer bits than
/// its tensors have. Written by one `Backend.remember` at a time; what no row was written to may hold anything.
package protocol KeyValueCache: AnyObject, Sendable {
  /// [B, capacity, D].
  var shape: Shape { get }
}

/// Both as tensors.
package final class TensorCache: KeyValueCache {
  package let keys: Tensor
  package let values: Tensor

  package var shape: Shape { keys.shape }

  package init(_ shape: Shape, on backend: any Backend) {
    keys = Tensor(shape: shape, backend: backend, storage: backend.allocate(count: shape.count))
    values = Tensor(shape: shape, backend: backend, storage: backend.allocate(count: shape.count))
  }
}

extension Backend {
  package func makeKeyValueCache(_ shape: Shape) -> any KeyValueCache { TensorCache(shape, on: self) }

  package func remember(keys: Tensor, values: Tensor, in cache: any KeyValueCache, at frame: Int) {
    rememberTensors(keys: keys, values: values, in: cache, at: frame)
  }

  package func attention(queries: Tensor, over cache: any KeyValueCache, options: AttentionOptions) -> Tensor {
    attentionOverTensors(queries: queries, over: cache, options: options)
  }

  /// `remember` of a `TensorCache`.
  package func rememberTensors(keys: Tensor, values: Tensor, in cache: any KeyValueCache, at frame: Int) {
    let cache = tensors(cache)
    copy(keys, into: cache.keys, at: frame)
    copy(values, into: cache.values, at: frame)
  }

  /// `attention` over a `TensorCache`.
  package func attentionOverTensors(
    queries: Tensor, over cache: any KeyValueCache, options: AttentionOptions
  ) -> Tensor {
    let cache = tensors(cache)
    return attention(queries: queries, keys: cache.keys, values: cache.values, options: options)
  }

  private func tensors(_ cache: any KeyValueCache) -> TensorCache {
    guard let cache = cache as? TensorCache else { preconditionFailure("\(name): a cache of another backend") }
    return cache
  }
}
