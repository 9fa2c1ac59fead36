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

  /// [B, S, K, D] -> [B, S, K, D]; the first `conditional` batch rows read `memory`, one for each Roformer layer. About
  /// `together` vectors go through a path at a time.
  package func callAsFunction(
    _ x: Tensor, conditional: Int, memory: [CrossMemory], positions: SegmentPositions, rows: ModulationRows,
    together: Int = Self.vectorsTogether
  ) -> Tensor {
    let coarse = coarsePath(x, conditional: conditional, memory: memory, positions: positions, together: together)
    return finePath(x, coarse: coarse, rows: rows, together: together)
  }
}

// Columns do not see each other on the coarse path, nor segments on the fine path, so each path runs on a few of them at
// a time: what a layer writes is still in the cache when the next one reads it. Bits are the same by the backend's
// contract.
extension DualPathBlock {
  /// Vectors of width D that go through a path together; large enough to pay for reading the path's weights.
  package static let vectorsTogether = 2560

  /// Roformer over merged columns, repeated: [B, S, K, D] -> [B, S, K, D]
  package func coarsePath(
    _ x: Tensor, conditional: Int, memory: [CrossMemory], positions: SegmentPositions,
    together: Int = Self.vectorsTogether
  ) -> Tensor {
    let (batch, segments, width) = (x.shape[0], x.shape[1], x.shape[3])
    let columns = Self.columns(segment: x.shape[2], window: window)
    let merged = x.mergedSegments(window: window).reshaped([batch * columns, segments, width])
    var parts: [Tensor] = []
    for group in columnGroups(
      batch: batch, conditional: conditional, columns: columns, segments: segments, vectors: together)
    {
      var part = merged.rows(group.rows)
      for (index, layer) in roformer.enumerated() {
        part = layer(part, memory: group.clips.map { memory[index].clips($0) }, positions: positions)
      }
      parts.append(part)
    }
    let mixed = parts.count == 1 ? parts[0] : Tensor.concatenated(parts, axis: 0)
    return mixed.reshaped([batch, columns, segments, width]).repeatedSegments(window: window, columns: x.shape[2])
  }

  /// F = RMSNorm(x + C), then RMSNorm(F + FiLM(SRU(F), m)) by groups of segments: [B, S, K, D] -> [B, S, K, D]
  private func finePath(_ x: Tensor, coarse: Tensor, rows: ModulationRows, together: Int) -> Tensor {
    let (shape, flat) = (x.shape, Shape([x.shape[0] * x.shape[1], x.shape[2], x.shape[3]]))
    let (x, coarse) = (x.reshaped(flat), coarse.reshaped(flat))
    let tables = modulation.tables(of: rows.vectors)
    let step = max(1, together / flat[1])
    let parts = stride(from: 0, to: flat[0], by: step).map { start in
      let range = start..<min(start + step, flat[0])
      let normed = coarseNorm(x.rows(range), adding: coarse.rows(range))
      let indices = Array(rows.indices[range])
      return fineNorm(
        normed, adding: fine(normed, scale: tables.scale.gathered(indices), shift: tables.shift.gathered(indices)))
    }
    let joined = parts.count == 1 ? parts[0] : Tensor.concatenated(parts, axis: 0)
    return joined.reshaped(shape)
  }

  /// Rows of merged columns that go through the Roformer together, and the clips whose tokens they read: whole clips
  /// where they are small, else some columns of one; never of both evaluations.
  private func columnGroups(batch: Int, conditional: Int, columns: Int, segments: Int, vectors: Int) -> [ColumnGroup] {
    let together = max(1, vectors / segments)
    return [0..<conditional, conditional..<batch].flatMap { branch in
      let reads = branch.lowerBound < conditional
      let clips = max(1, together / columns)
      return stride(from: branch.lowerBound, to: branch.upperBound, by: clips).flatMap { clip in
        let range = clip..<min(clip + clips, branch.upperBound)
        let all = range.lowerBound * columns..<range.upperBound * columns
        let step = range.count == 1 ? together : all.count
        return stride(from: all.lowerBound, to: all.upperBound, by: step).map {
          ColumnGroup(rows: $0..<min($0 + step, all.upperBound), clips: reads ? range : nil)
        }
      }
    }
  }

  private struct ColumnGroup {
    let rows: Range<Int>
    /// Nil for the unconditional evaluation.
    let clips: Range<Int>?
  }

  /// FiLM(SRU(F)) of R segments: [R, K, D] -> [R, K, D]
  package func fine(_ x: Tensor, scale: Tensor, shift: Tensor) -> Tensor {
    modulation(recurrence.reduce(x) { $1($0) }, scale: scale, shift: shift)
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
