package import NocturneTensor

/// A linear layer. Keys: `weight` [out, in] and, where the layout has one, `bias` [out].
package struct Linear: Sendable {
  package let prepared: PreparedLinear

  /// - Parameter robust: see `Backend.prepareLinear`.
  package init(_ weights: ModuleWeights, robust: Bool = false) throws {
    let bias = weights.has("bias") ? try weights.tensor("bias") : nil
    prepared = weights.backend.prepareLinear(weight: try weights.tensor("weight"), bias: bias, robust: robust)
  }

  package init(_ prepared: PreparedLinear) { self.prepared = prepared }

  /// [..., in] -> [..., out]: activation(x W^T + b) + residual.
  package func callAsFunction(_ x: Tensor, activation: Activation = .none, adding residual: Tensor? = nil) -> Tensor {
    x.linear(prepared, activation: activation, residual: residual)
  }
}

extension Tensor {
  /// self W^T + b of each layer: what reads the same rows is computed together.
  package func through(_ layers: Linear...) -> [Tensor] { linears(layers.map(\.prepared)) }
}
