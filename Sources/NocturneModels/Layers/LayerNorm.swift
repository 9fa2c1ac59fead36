package import NocturneTensor

/// LayerNorm of x + y over the innermost axis. Keys: `weight`, `bias`.
package struct LayerNorm: Sendable {
  package let weight: Tensor
  package let bias: Tensor
  package let epsilon: Float

  package init(_ weights: ModuleWeights, epsilon: Float) throws {
    weight = try weights.tensor("weight")
    bias = try weights.tensor("bias")
    self.epsilon = epsilon
  }

  package func callAsFunction(_ x: Tensor, adding y: Tensor? = nil) -> Tensor {
    x.layerNorm(adding: y, weight: weight, bias: bias, epsilon: epsilon)
  }
}
