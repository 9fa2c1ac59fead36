package import NocturneTensor

/// What one Roformer layer's cross-attention reads of the semantic tokens.
package struct CrossMemory: Sendable {
  /// [B, T, D], rotated.
  package let keys: Tensor
  /// [B, T, D]
  package let values: Tensor

  /// What some of the clips need.
  package func clips(_ range: Range<Int>) -> CrossMemory {
    CrossMemory(keys: keys.rows(range), values: values.rows(range))
  }
}
