/// What a render setting may be. Only the lengths of clips depend on the model.
package struct RenderLimits: Hashable, Sendable {
  package static let steps = 1...1000
  package static let guidance = 0.0...100.0
  package static let takes = 1...1000

  /// Clips are longer than this, in seconds.
  package var shortestSeconds: Double
  /// The longest clip that the model renders (`clipSeconds` of its configuration).
  package var maximumSeconds: Double

  package init(above shortestSeconds: Double = 0, maximumSeconds: Double = .infinity) {
    self.shortestSeconds = shortestSeconds
    self.maximumSeconds = maximumSeconds
  }
}
