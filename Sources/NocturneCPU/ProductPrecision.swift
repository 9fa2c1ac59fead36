/// What the large products (linear layers, convolutions, attention) are computed in; sums are always f32, and all other
/// arithmetic is.
package enum ProductPrecision: String, CaseIterable, Sendable {
  /// bf16 where the CPU multiplies it, f32 elsewhere.
  case auto
  /// Weights and activations rounded to bf16; on a CPU without such products they are multiplied as f32.
  case bf16
  case f32
  /// As `auto`, but the linear layers that say they bear it (`robust`) multiply weights rounded to int8, with a scale for
  /// each output, and activations rounded to int8, with a scale for each row.
  case int8
}
