package import NocturneTensor

/// A BERT encoder without pooler (model.md 1.1), one caption at a time, so that no neighbour can change a caption's bits.
///
/// T tokens, D width. Keys: Hugging Face's names below `embeddings.` and `encoder.`.
package struct TextEncoder: Sendable {
  private let words: Tensor
  /// Position and segment embeddings summed [positions, D]: every token is of segment 0.
  private let places: Tensor
  private let norm: LayerNorm
  private let layers: [TextEncoderLayer]
  private let pooling: ModelConfiguration.Pooling

  package init(_ weights: ModuleWeights, _ configuration: ModelConfiguration.TextEncoder) throws {
    let embeddings = weights.scoped("embeddings")
    words = try embeddings.tensor("word_embeddings.weight")
    let segments = try embeddings.tensor("token_type_embeddings.weight")
    places = try embeddings.tensor("position_embeddings.weight") + segments.rows(0..<1)
    norm = try LayerNorm(embeddings.scoped("LayerNorm"), epsilon: configuration.epsilon)
    layers = try (0..<configuration.layers).map {
      try TextEncoderLayer(weights.scoped("encoder.layer.\($0)"), configuration)
    }
    pooling = configuration.pooling
  }

  /// T token ids -> the output of the embeddings and of every layer, each [1, T, D].
  package func states(_ ids: [Int]) -> [Tensor] {
    let embedded = norm(words.gathered(ids), adding: places.rows(0..<ids.count))
    return layers.reduce(into: [embedded.reshaped([1, ids.count, embedded.shape[1]])]) { $0.append($1($0.last!)) }
  }

  /// T token ids -> pooled state [1, D].
  package func callAsFunction(_ ids: [Int]) -> Tensor {
    let state = states(ids).last!
    let width = state.shape[2]
    switch pooling {
    case .cls: return state.reshaped([ids.count, width]).rows(0..<1)
    case .mean: return state.mean(axis: 1).reshaped([1, width])
    }
  }

  package static func describe(in layout: inout ModuleLayout, _ configuration: ModelConfiguration.TextEncoder) {
    let width = configuration.dim
    layout.scope("embeddings") {
      $0.tensor("word_embeddings.weight", [configuration.vocab, width], .spread(deviation: 0.5))
      $0.tensor("position_embeddings.weight", [configuration.positions, width], .spread(deviation: 0.1))
      $0.tensor("token_type_embeddings.weight", [2, width], .spread(deviation: 0.1))
      $0.layerNorm("LayerNorm", width)
    }
    for index in 0..<configuration.layers {
      layout.scope("encoder.layer.\(index)") { TextEncoderLayer.describe(in: &$0, configuration) }
    }
  }
}
