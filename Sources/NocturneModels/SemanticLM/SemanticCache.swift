package import NocturneTensor

/// Keys (already rotated) and values of every layer for the positions seen so far; allocated once for a whole clip.
package struct SemanticCache: Sendable {
  package struct Layer: Sendable {
    /// [B, capacity, D]
    package let keys: Tensor
    package let values: Tensor
  }

  package let layers: [Layer]
  /// Positions filled so far.
  package var length = 0

  package init(batch: Int, capacity: Int, configuration: ModelConfiguration.LanguageModel, on backend: any Backend) {
    let shape: Shape = [batch, capacity, configuration.dim]
    layers = (0..<configuration.layers).map { _ in
      Layer(keys: .full(0, shape: shape, on: backend), values: .full(0, shape: shape, on: backend))
    }
  }

  /// Bytes per caption for `capacity` positions.
  package static func bytes(_ configuration: ModelConfiguration.LanguageModel, capacity: Int) -> Int {
    2 * configuration.layers * capacity * configuration.dim * 4
  }
}
