/// Where segments stand in time, for rotary attention (model.md 4.5): among themselves at their index s; on the semantic
/// tokens' axis at s * T_ST / S, which is fractional.
package struct SegmentPositions: Hashable, Sendable {
  package let rows: [Float]
  package let queries: [Float]

  package init(segments: Int, tokens: Int) {
    rows = (0..<segments).map(Float.init)
    queries = (0..<segments).map { Float(Double($0 * tokens) / Double(segments)) }
  }
}
