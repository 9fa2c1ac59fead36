package import NocturneTensor

/// Keys (already rotated) and values of every layer for the positions seen so far; allocated once for a whole clip.
package struct SemanticCache: Sendable {
  /// [B, capacity, D] each.
  package let layers: [any KeyValueCache]
  /// Positions filled so far.
  package var length = 0

  package init(batch: Int, capacity: Int, configuration: ModelConfiguration.LanguageModel, on backend: any Backend) {
    layers = (0..<configuration.layers).map { _ in backend.makeKeyValueCache([batch, capacity, configuration.dim]) }
  }

  /// Bytes per caption for `capacity` positions, at most: a backend may hold them in fewer bits.
  package static func bytes(_ configuration: ModelConfiguration.LanguageModel, capacity: Int) -> Int {
    2 * configuration.layers * capacity * configuration.dim * 4
  }
}
