/// What a render setting may be. Only the longest clip depends on the model.
package struct RenderLimits: Hashable, Sendable {
  package static let steps = 1...1000
  package static let guidance = 0.0...100.0
  package static let takes = 1...1000

  /// The longest clip that the model renders (`clipSeconds` of its configuration).
  package var maximumSeconds: Double

  package init(maximumSeconds: Double = .infinity) {
    self.maximumSeconds = maximumSeconds
  }
}
