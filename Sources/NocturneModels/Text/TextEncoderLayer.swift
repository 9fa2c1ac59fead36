package import NocturneTensor

/// Post-LN transformer block: x <- LN(x + attention(x)); x <- LN(x + FFN(x)), GELU with erf (model.md 1.1).
///
/// B rows, T tokens, D width. Keys: `attention.self.{query,key,value}`, `attention.output.{dense,LayerNorm}`,
/// `intermediate.dense`, `output.{dense,LayerNorm}`.
package struct TextEncoderLayer: Sendable {
  private let heads: Int
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let mix: Linear
  private let mixNorm: LayerNorm
  private let widen: Linear
  private let narrow: Linear
  private let narrowNorm: LayerNorm

  package init(_ weights: ModuleWeights, _ configuration: ModelConfiguration.TextEncoder) throws {
    heads = configuration.heads
    query = try Linear(weights.scoped("attention.self.query"))
    key = try Linear(weights.scoped("attention.self.key"))
    value = try Linear(weights.scoped("attention.self.value"))
    mix = try Linear(weights.scoped("attention.output.dense"))
    mixNorm = try LayerNorm(weights.scoped("attention.output.LayerNorm"), epsilon: configuration.epsilon)
    widen = try Linear(weights.scoped("intermediate.dense"))
    narrow = try Linear(weights.scoped("output.dense"))
    narrowNorm = try LayerNorm(weights.scoped("output.LayerNorm"), epsilon: configuration.epsilon)
  }

  /// [B, T, D] -> [B, T, D]
  package func callAsFunction(_ x: Tensor) -> Tensor {
    let mixed = query(x).attention(keys: key(x), values: value(x), options: AttentionOptions(heads: heads))
    let attended = mixNorm(mix(mixed, adding: x))
    return narrowNorm(narrow(widen(attended, activation: .gelu), adding: attended))
  }

  package static func describe(in layout: inout ModuleLayout, _ configuration: ModelConfiguration.TextEncoder) {
    let width = configuration.dim
    for part in ["query", "key", "value"] {
      layout.linear("attention.self." + part, from: width, to: width, bias: true)
    }
    layout.linear("attention.output.dense", from: width, to: width, bias: true)
    layout.layerNorm("attention.output.LayerNorm", width)
    layout.linear("intermediate.dense", from: width, to: configuration.ffn, bias: true)
    layout.linear("output.dense", from: configuration.ffn, to: width, bias: true)
    layout.layerNorm("output.LayerNorm", width)
  }
}
