package import NocturneTensor

/// g * v / sqrt(mean(v^2) + epsilon) with v = x + y over the innermost axis (model.md section 3). Keys: `weight`.
package struct RMSNorm: Sendable {
  package let weight: Tensor
  package let epsilon: Float

  package init(_ weights: ModuleWeights, epsilon: Float) throws {
    weight = try weights.tensor("weight")
    self.epsilon = epsilon
  }

  package func callAsFunction(_ x: Tensor, adding y: Tensor? = nil) -> Tensor {
    x.rmsNorm(adding: y, weight: weight, epsilon: epsilon)
  }
}
