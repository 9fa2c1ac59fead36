package import NocturneTensor

/// Dual-path block (model.md 4.5): a coarse Roformer over segments for merged columns, then a fine recurrence over the
/// frames of each segment, modulated per segment.
///
/// B batch rows, S segments, K segment size, D width. Keys: `roformer.{l}.*`, `sru.{l}.*`, `film.*`,
/// `norms.{coarse,fine}.weight`.
package struct DualPathBlock: Sendable {
  /// Columns averaged into one.
  package let window: Int
  package let roformer: [RoformerLayer]
  package let recurrence: [RecurrentLayer]
  package let modulation: FeatureModulation
  private let coarseNorm: RMSNorm
  private let fineNorm: RMSNorm

  package init(_ weights: ModuleWeights, _ dpd: ModelConfiguration.Diffusion, index: Int) throws {
    window = Self.window(block: index, of: dpd.blocks)
    roformer = try (0..<dpd.roformer.layers).map { try RoformerLayer(weights.scoped("roformer.\($0)"), dpd) }
    recurrence = try (0..<dpd.sru.layers).map { try RecurrentLayer(weights.scoped("sru.\($0)"), dpd.sru) }
    modulation = try FeatureModulation(weights.scoped("film"), dpd)
    coarseNorm = try RMSNorm(weights.scoped("norms.coarse"), epsilon: dpd.epsilon)
    fineNorm = try RMSNorm(weights.scoped("norms.fine"), epsilon: dpd.epsilon)
  }

  /// 2^e with e = min(i, N - i + 1), i = block + 1: narrow groups at both ends, wide ones in the middle.
  package static func window(block: Int, of blocks: Int) -> Int { 1 << min(block + 1, blocks - block) }

  /// Merged columns ceil(K / (window / 2)).
  package static func columns(segment: Int, window: Int) -> Int { (2 * segment + window - 1) / window }

  /// [B, S, K, D] -> [B, S, K, D]; the first `conditional` batch rows read `memory`, one for each Roformer layer.
  package func callAsFunction(
    _ x: Tensor, conditional: Int, memory: [CrossMemory]?, positions: SegmentPositions, rows: ModulationRows
  ) -> Tensor {
    let coarse = coarseNorm(
      x, adding: coarsePath(x, conditional: conditional, memory: memory, positions: positions))
    return fineNorm(coarse, adding: finePath(coarse, rows: rows))
  }

  /// [B, S, K, D] -> [B, S, K, D]
  package func coarsePath(_ x: Tensor, conditional: Int, memory: [CrossMemory]?, positions: SegmentPositions) -> Tensor
  {
    let (batch, segments, width) = (x.shape[0], x.shape[1], x.shape[3])
    let columns = Self.columns(segment: x.shape[2], window: window)
    var merged = x.mergedSegments(window: window).reshaped([batch * columns, segments, width])
    for (index, layer) in roformer.enumerated() {
      merged = layer(merged, conditional: conditional * columns, memory: memory?[index], positions: positions)
    }
    return merged.reshaped([batch, columns, segments, width]).repeatedSegments(window: window, columns: x.shape[2])
  }

  /// [B, S, K, D] -> [B, S, K, D]
  package func finePath(_ x: Tensor, rows: ModulationRows) -> Tensor {
    let flat = x.reshaped([x.shape[0] * x.shape[1], x.shape[2], x.shape[3]])
    return modulation(recurrence.reduce(flat) { $1($0) }, by: rows).reshaped(x.shape)
  }

  package static func describe(in layout: inout ModuleLayout, _ dpd: ModelConfiguration.Diffusion) {
    for index in 0..<dpd.roformer.layers {
      layout.scope("roformer.\(index)") { RoformerLayer.describe(in: &$0, dpd) }
    }
    for index in 0..<dpd.sru.layers { layout.scope("sru.\(index)") { RecurrentLayer.describe(in: &$0, dpd) } }
    layout.scope("film") { FeatureModulation.describe(in: &$0, dpd) }
    layout.norm("norms.coarse", dpd.dim)
    layout.norm("norms.fine", dpd.dim)
  }
}
