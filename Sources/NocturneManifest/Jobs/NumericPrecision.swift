/// The number format of the network's arithmetic; `auto` takes the best that the processor has.
package enum NumericPrecision: String, Hashable, Codable, Sendable, CaseIterable {
  case auto, bf16, f32
}
