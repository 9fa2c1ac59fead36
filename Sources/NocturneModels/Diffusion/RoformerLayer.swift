package import NocturneTensor

/// x <- x + SA(RMSNorm x); x <- x + CA(RMSNorm x, E_ST); x <- x + FFN(RMSNorm x) over the segments of one merged column
/// (model.md 4.5, coarse path).
///
/// R column rows, S segments, T semantic tokens, D width. Keys: `self_attention.*`, `cross_attention.*`, `ffn.{1,2}.*`,
/// `norms.{0,1,2}.weight`.
package struct RoformerLayer: Sendable {
  private let selfAttention: RotaryAttention
  private let crossAttention: RotaryAttention
  private let widen: Linear
  private let narrow: Linear
  private let norms: [RMSNorm]

  package init(_ weights: ModuleWeights, _ dpd: ModelConfiguration.Diffusion) throws {
    selfAttention = try RotaryAttention(weights.scoped("self_attention"), heads: dpd.roformer.heads)
    crossAttention = try RotaryAttention(weights.scoped("cross_attention"), heads: dpd.roformer.heads)
    widen = try Linear(weights.scoped("ffn.1"), robust: true)
    narrow = try Linear(weights.scoped("ffn.2"), robust: true)
    norms = try (0..<3).map { try RMSNorm(weights.scoped("norms.\($0)"), epsilon: dpd.epsilon) }
  }

  /// Keys, rotated to their token's position, and values of E_ST [B, T, D]; they depend on neither step nor column.
  package func memory(of semantic: Tensor) -> CrossMemory {
    let positions = (0..<semantic.shape[1]).map(Float.init)
    let projected = semantic.through(crossAttention.key, crossAttention.value)
    return CrossMemory(
      keys: projected[0].rotated(heads: crossAttention.heads, positions: positions), values: projected[1])
  }

  /// [R, S, D] -> [R, S, D]. Rows read the semantic tokens in `memory`; without one, cross-attention turns into
  /// self-attention: the same weights, keys and values from the row's own normalised x, everything at the segments'
  /// positions.
  package func callAsFunction(_ x: Tensor, memory: CrossMemory?, positions: SegmentPositions) -> Tensor {
    let attended = attend(norms[0](x), selfAttention, memory: nil, positions: positions, adding: x)
    let crossed = attend(norms[1](attended), crossAttention, memory: memory, positions: positions, adding: attended)
    return narrow(widen(norms[2](crossed), activation: .gelu), adding: crossed)
  }

  /// Attention of `normed` to the memory, or to itself.
  private func attend(
    _ normed: Tensor, _ attention: RotaryAttention, memory: CrossMemory?, positions: SegmentPositions,
    adding x: Tensor
  ) -> Tensor {
    if let memory {
      let options = AttentionOptions(heads: attention.heads, queryPositions: positions.queries)
      let mixed = attention.query(normed).attention(keys: memory.keys, values: memory.values, options: options)
      return attention.mix(mixed, adding: x)
    }
    let projected = normed.through(attention.query, attention.key, attention.value)
    let options = AttentionOptions(
      heads: attention.heads, queryPositions: positions.rows, keyPositions: positions.rows)
    let mixed = projected[0].attention(keys: projected[1], values: projected[2], options: options)
    return attention.mix(mixed, adding: x)
  }

  package static func describe(in layout: inout ModuleLayout, _ dpd: ModelConfiguration.Diffusion) {
    RotaryAttention.describe(in: &layout, "self_attention", dpd.dim)
    RotaryAttention.describe(in: &layout, "cross_attention", dpd.dim)
    layout.linear("ffn.1", from: dpd.dim, to: dpd.roformer.ffn, bias: true)
    layout.linear("ffn.2", from: dpd.roformer.ffn, to: dpd.dim, bias: true)
    for index in 0..<3 { layout.norm("norms.\(index)", dpd.dim) }
  }
}
