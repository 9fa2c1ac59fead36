package import NocturneTensor

/// The vectors m_s that modulate the fine path's rows (model.md 4.5): V distinct ones, and which of them each row takes.
package struct ModulationRows: Sendable {
  /// [V, D]
  package let vectors: Tensor
  /// One index for each row of the batch.
  package let indices: [Int]

  package init(vectors: Tensor, indices: [Int]) {
    self.vectors = vectors
    self.indices = indices
  }
}
