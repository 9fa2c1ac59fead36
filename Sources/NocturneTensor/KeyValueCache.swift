/// Keys (already rotated) and values of past positions, [B, capacity, D] each; a backend may hold them in fewer bits than
/// its tensors have. Written by one caller at a time; what no row was written to may hold anything.
package protocol KeyValueCache: AnyObject, Sendable {
  /// Writes keys and values [B, t, D] from row `frame` on.
  func remember(keys: Tensor, values: Tensor, at frame: Int)
  /// `Backend.attention` of queries [B, Tq, D] over all rows -> [B, Tq, D].
  func attention(queries: Tensor, options: AttentionOptions) -> Tensor
}

/// Both as tensors.
package final class TensorCache: KeyValueCache {
  private let keys: Tensor
  private let values: Tensor

  package init(_ shape: Shape, on backend: any Backend) {
    keys = Tensor(shape: shape, backend: backend, storage: backend.allocate(count: shape.count))
    values = Tensor(shape: shape, backend: backend, storage: backend.allocate(count: shape.count))
  }

  package func remember(keys: Tensor, values: Tensor, at frame: Int) {
    keys.backend.copy(keys, into: self.keys, at: frame)
    values.backend.copy(values, into: self.values, at: frame)
  }

  package func attention(queries: Tensor, options: AttentionOptions) -> Tensor {
    queries.attention(keys: keys, values: values, options: options)
  }
}

extension Backend {
  package func makeKeyValueCache(_ shape: Shape) -> any KeyValueCache { TensorCache(shape, on: self) }
}
