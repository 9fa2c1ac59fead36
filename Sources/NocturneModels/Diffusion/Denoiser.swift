package import NocturneTensor

/// The dual-path diffusion network: the velocity of noisy latents (model.md section 4).
///
/// B clips, L latent frames, Z latent channels, S segments of K frames, D width. Keys: `input.weight`, `input_norm`,
/// `angle.*`, `semantic.*`, `blocks.{i}.*`, `output_norm`, `output.weight`.
package struct Denoiser: Sendable {
  package let dpd: ModelConfiguration.Diffusion
  private let input: Linear
  private let inputNorm: RMSNorm
  package let angle: AngleEmbedding
  private let table: Tensor
  private let semantic: NormedPerceptron
  package let blocks: [DualPathBlock]
  private let outputNorm: RMSNorm
  private let output: Linear

  package init(_ weights: ModuleWeights, _ configuration: ModelConfiguration) throws {
    let dpd = configuration.dpd
    self.dpd = dpd
    input = try Linear(weights.scoped("input"))
    inputNorm = try RMSNorm(weights.scoped("input_norm"), epsilon: dpd.epsilon)
    angle = try AngleEmbedding(weights.scoped("angle"), epsilon: dpd.epsilon)
    table = try weights.tensor("semantic.table.weight")
    semantic = try NormedPerceptron(weights.scoped("semantic.mlp"), epsilon: dpd.epsilon)
    blocks = try (0..<dpd.blocks).map { try DualPathBlock(weights.scoped("blocks.\($0)"), dpd, index: $0) }
    outputNorm = try RMSNorm(weights.scoped("output_norm"), epsilon: dpd.epsilon)
    output = try Linear(weights.scoped("output"))
  }

  /// S = ceil(2 L / K) + 1.
  package static func segments(frames: Int, segment: Int) -> Int { (2 * frames + segment - 1) / segment + 1 }

  /// E_ST = MLP(E[u]) of B equally long rows of T semantic tokens: [B, T, D] (4.3).
  package func embed(_ tokens: [[Int]]) -> Tensor {
    semantic(table.gathered(tokens.flatMap { $0 })).reshaped([tokens.count, tokens[0].count, dpd.dim])
  }

  /// Everything of B equally long rows of semantic tokens that every step reuses.
  package func condition(on tokens: [[Int]]) -> SemanticCondition {
    let (batch, count) = (tokens.count, tokens[0].count)
    precondition(
      tokens.allSatisfy { $0.count == count && $0.allSatisfy { (0..<table.shape[0]).contains($0) } },
      "Denoiser: semantic rows of unequal length, or a token outside 0..<\(table.shape[0])")
    let embedded = embed(tokens)
    return SemanticCondition(
      pooled: embedded.mean(axis: 1).reshaped([batch, dpd.dim]), tokens: count,
      memory: blocks.map { block in block.roformer.map { $0.memory(of: embedded) } })
  }

  /// Velocity of z [B, L, Z] at per-frame angles, conditionally and, if asked, unconditionally as well: both ride in
  /// one batch.
  package func velocity(_ z: Tensor, angles: FrameAngles, condition: SemanticCondition, guided: Bool) -> Velocity {
    let (batch, frames) = (z.shape[0], z.shape[1])
    precondition(
      z.shape.rank == 3 && angles.frames == frames && condition.batch == batch,
      "Denoiser: latents \(z.shape), \(angles.frames) angles, condition for \(condition.batch) clips")
    let embedded = angle(angles.values)
    let single = segmented(z, embedded: embedded, angles: angles)
    let segments = single.shape[1]
    let rows = modulationRows(
      embedded: embedded, angles: angles, segments: segments, condition: condition, guided: guided)
    let positions = SegmentPositions(segments: segments, tokens: condition.tokens)
    var x = guided ? Tensor.concatenated([single, single], axis: 0) : single
    for (block, memory) in zip(blocks, condition.memory) {
      x = block(x, conditional: batch, memory: memory, positions: positions, rows: rows)
    }
    let both = output(outputNorm(x.overlapAdded(frames: frames)))
    return Velocity(
      conditional: both.rows(0..<batch), unconditional: guided ? both.rows(batch..<2 * batch) : nil)
  }

  /// H = RMSNorm(z W_in + E_d) in segments (4.4): [B, L, Z] -> [B, S, K, D]
  package func segmented(_ z: Tensor, embedded: Tensor, angles: FrameAngles) -> Tensor {
    let perFrame = angles.values.count == 1 ? embedded : embedded.gathered(angles.indices)
    let h = inputNorm(input(z) + perFrame.reshaped([1, perFrame.shape[0], dpd.dim]))
    return h.segmented(length: dpd.segment, count: Self.segments(frames: z.shape[1], segment: dpd.segment))
  }

  /// m_s = E_d[floor(s L / S)] + mean_t E_ST[t] for the rows of both evaluations (4.5).
  package func modulationRows(
    embedded: Tensor, angles: FrameAngles, segments: Int, condition: SemanticCondition, guided: Bool
  ) -> ModulationRows {
    let (batch, distinct) = (condition.batch, angles.values.count)
    let vectors = (condition.pooled.reshaped([batch, 1, dpd.dim]) + embedded.reshaped([1, distinct, dpd.dim]))
      .reshaped([batch * distinct, dpd.dim])
    let perSegment = (0..<segments).map { angles.indices[$0 * angles.frames / segments] }
    let conditional = (0..<batch).flatMap { clip in perSegment.map { clip * distinct + $0 } }
    guard guided else { return ModulationRows(vectors: vectors, indices: conditional) }
    guard dpd.dropPooled else { return ModulationRows(vectors: vectors, indices: conditional + conditional) }
    let unconditional = (0..<batch).flatMap { _ in perSegment.map { batch * distinct + $0 } }
    return ModulationRows(
      vectors: .concatenated([vectors, embedded], axis: 0), indices: conditional + unconditional)
  }

  package static func layout(_ configuration: ModelConfiguration) -> ModuleLayout {
    ModuleLayout("dpd") { layout in
      let (dpd, channels) = (configuration.dpd, configuration.latentDim)
      layout.linear("input", from: channels, to: dpd.dim, bias: false)
      layout.norm("input_norm", dpd.dim)
      layout.scope("angle") { AngleEmbedding.describe(in: &$0, dpd) }
      layout.tensor("semantic.table.weight", [configuration.semanticVocab, dpd.dim], .spread(deviation: 1))
      NormedPerceptron.describe(in: &layout, "semantic.mlp", from: dpd.dim, to: dpd.dim)
      for index in 0..<dpd.blocks { layout.scope("blocks.\(index)") { DualPathBlock.describe(in: &$0, dpd) } }
      layout.norm("output_norm", dpd.dim)
      layout.linear("output", from: dpd.dim, to: channels, bias: false)
    }
  }
}
