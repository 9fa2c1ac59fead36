package import NocturneTensor

/// The semantic language model: LLaMA blocks over [BOS, one code per quantizer, semantic tokens] (model.md section 3).
///
/// B captions, T positions, D width. Keys: `embedding.weight`, `layers.{i}.*`, `norm.weight`, `head.weight`.
package struct SemanticLM: Sendable {
  package let configuration: ModelConfiguration
  package let backend: any Backend
  private let embedding: Tensor
  private let blocks: [SemanticBlock]
  private let norm: RMSNorm
  /// Only the rows of semantic tokens: the others' logits are masked out anyway.
  private let head: Linear

  package init(_ weights: ModuleWeights, _ configuration: ModelConfiguration) throws {
    self.configuration = configuration
    backend = weights.backend
    embedding = try weights.tensor("embedding.weight")
    blocks = try (0..<configuration.lm.layers).map {
      try SemanticBlock(weights.scoped("layers.\($0)"), configuration.lm)
    }
    norm = try RMSNorm(weights.scoped("norm"), epsilon: configuration.lm.epsilon)
    let semantic = configuration.semanticStart..<configuration.beginning
    let weight = try weights.tensor("head.weight").rows(semantic)
    head = Linear(backend.prepareLinear(weight: weight, bias: nil))
  }

  /// Vocabulary indices [BOS, codes * q + c, ...] of a prefix (model.md section 3).
  package func opening(_ prefix: [Int]) -> [Int] {
    let rvq = configuration.rvq
    precondition(
      prefix.count == rvq.quantizers && prefix.allSatisfy { (0..<rvq.codes).contains($0) },
      "SemanticLM: prefix \(prefix), expected \(rvq.quantizers) codes below \(rvq.codes)")
    return [configuration.beginning] + prefix.enumerated().map { $0.offset * rvq.codes + $0.element }
  }

  /// Normalised states [B, T, D] of B rows of T vocabulary indices that follow what the cache holds; the cache grows.
  package func states(_ rows: [[Int]], cache: inout SemanticCache) -> Tensor {
    let (batch, count) = (rows.count, rows[0].count)
    precondition(rows.allSatisfy { $0.count == count }, "SemanticLM: rows of unequal length")
    var x = embedding.gathered(rows.flatMap { $0 }).reshaped([batch, count, configuration.lm.dim])
    let positions = (cache.length..<cache.length + count).map(Float.init)
    for (block, layer) in zip(blocks, cache.layers) { x = block(x, cache: layer, positions: positions) }
    cache.length += count
    return norm(x)
  }

  /// States [B, T, D] -> logits of the semantic tokens after the last position [B, semanticVocab].
  package func logits(_ states: Tensor) -> Tensor {
    head(states.sliced(axis: 1, states.shape[1] - 1..<states.shape[1]).reshaped([states.shape[0], states.shape[2]]))
  }

  package func makeCache(batch: Int, capacity: Int) -> SemanticCache {
    SemanticCache(batch: batch, capacity: capacity, configuration: configuration.lm, on: backend)
  }

  package static func layout(_ configuration: ModelConfiguration) -> ModuleLayout {
    ModuleLayout("lm") { layout in
      let lm = configuration.lm
      layout.tensor("embedding.weight", [configuration.vocabulary, lm.dim], .spread(deviation: 1))
      for index in 0..<lm.layers {
        layout.scope("layers.\(index)") { SemanticBlock.describe(in: &$0, lm) }
      }
      layout.norm("norm", lm.dim)
      layout.linear("head", from: lm.dim, to: configuration.vocabulary, bias: false)
    }
  }
}
