/// The number format of the network's arithmetic; `auto` takes the best that the processor has, but never int8, which
/// costs quality.
package enum NumericPrecision: String, Hashable, Codable, Sendable, CaseIterable {
  case auto, bf16, f32, int8
}
