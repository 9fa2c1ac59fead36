package import NocturneTensor

/// LLaMA block (model.md section 3): a = x + attention(RMSNorm x); y = a + Wdown(SiLU(Wgate m) * Wup m), m = RMSNorm a.
///
/// B captions, T new positions, D width. Keys: `attention_norm`, `attention.{q,k,v,o}`, `ffn_norm`, `ffn.{gate,up,down}`.
package struct SemanticBlock: Sendable {
  private let heads: Int
  private let base: Float
  private let attentionNorm: RMSNorm
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let mix: Linear
  private let feedNorm: RMSNorm
  private let gate: Linear
  private let up: Linear
  private let down: Linear

  package init(_ weights: ModuleWeights, _ configuration: ModelConfiguration.LanguageModel) throws {
    heads = configuration.heads
    base = configuration.rope
    attentionNorm = try RMSNorm(weights.scoped("attention_norm"), epsilon: configuration.epsilon)
    query = try Linear(weights.scoped("attention.q"), robust: true)
    key = try Linear(weights.scoped("attention.k"), robust: true)
    value = try Linear(weights.scoped("attention.v"), robust: true)
    mix = try Linear(weights.scoped("attention.o"), robust: true)
    feedNorm = try RMSNorm(weights.scoped("ffn_norm"), epsilon: configuration.epsilon)
    gate = try Linear(weights.scoped("ffn.gate"), robust: true)
    up = try Linear(weights.scoped("ffn.up"), robust: true)
    down = try Linear(weights.scoped("ffn.down"), robust: true)
  }

  /// [B, T, D] at consecutive `positions` -> [B, T, D]; writes its keys and values into the cache there.
  package func callAsFunction(_ x: Tensor, cache: any KeyValueCache, positions: [Float]) -> Tensor {
    let past = Int(positions[0])
    let projected = attentionNorm(x).through(query, key, value)
    // Keys are rotated once, on their way into the cache, not once per later token.
    let keys = projected[1].rotated(heads: heads, positions: positions, base: base)
    cache.remember(keys: keys, values: projected[2], at: past)
    let options = AttentionOptions(heads: heads, causalOffset: past, rotaryBase: base, queryPositions: positions)
    let mixed = cache.attention(queries: projected[0], options: options)
    let attended = mix(mixed, adding: x)
    let widened = feedNorm(attended).through(gate, up)
    return down(x.backend.gatedSilu(gate: widened[0], up: widened[1]), adding: attended)
  }

  package static func describe(in layout: inout ModuleLayout, _ configuration: ModelConfiguration.LanguageModel) {
    let width = configuration.dim
    layout.norm("attention_norm", width)
    for part in ["q", "k", "v", "o"] { layout.linear("attention." + part, from: width, to: width, bias: false) }
    layout.norm("ffn_norm", width)
    layout.linear("ffn.gate", from: width, to: configuration.ffn, bias: false)
    layout.linear("ffn.up", from: width, to: configuration.ffn, bias: false)
    layout.linear("ffn.down", from: configuration.ffn, to: width, bias: false)
  }
}
