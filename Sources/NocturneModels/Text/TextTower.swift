import NocturneTensor

/// MuLan's text tower: encoder, one linear map to the joint space, L2 norm (model.md 1.1). Keys: `projection.*`, and
/// `bert.*` where the encoder is the checkpoint's own.
package struct TextTower: Sendable {
  package let encoder: TextEncoder
  private let projection: Linear

  package init(_ weights: ModuleWeights, encoder: TextEncoder) throws {
    self.encoder = encoder
    projection = try Linear(weights.scoped("projection"))
  }

  /// T token ids -> a vector of unit length.
  package func callAsFunction(_ ids: [Int]) -> [Float] {
    let embedding = projection(encoder(ids)).values
    let length = embedding.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    return embedding.map { Float(Double($0) / max(length, 1e-12)) }
  }

  /// The checkpoint's own file; an external encoder is not in it.
  package static func layout(_ configuration: ModelConfiguration) -> ModuleLayout {
    ModuleLayout("mulan_text") { layout in
      let bert = configuration.mulan.bert
      layout.linear("projection", from: bert.dim, to: configuration.mulan.dim, bias: true)
      if bert.external == nil { layout.scope("bert") { TextEncoder.describe(in: &$0, bert) } }
    }
  }

  /// What an external encoder's `model.safetensors` must hold.
  package static func externalLayout(_ configuration: ModelConfiguration) -> ModuleLayout {
    ModuleLayout("model") { TextEncoder.describe(in: &$0, configuration.mulan.bert) }
  }
}
