package import NocturneTensor

/// The MLP of model.md 4.3: RMSNorm(GELU(x W1 + b1) W2 + b2). Keys: `1.*`, `2.*`, `norm.weight`.
package struct NormedPerceptron: Sendable {
  private let first: Linear
  private let second: Linear
  private let norm: RMSNorm

  /// - Parameter robust: see `Backend.prepareLinear`.
  package init(_ weights: ModuleWeights, epsilon: Float, robust: Bool = false) throws {
    first = try Linear(weights.scoped("1"), robust: robust)
    second = try Linear(weights.scoped("2"), robust: robust)
    norm = try RMSNorm(weights.scoped("norm"), epsilon: epsilon)
  }

  /// [..., in] -> [..., D]
  package func callAsFunction(_ x: Tensor) -> Tensor {
    norm(second(first(x, activation: .gelu)))
  }

  package static func describe(
    in layout: inout ModuleLayout, _ name: String, from inputs: Int, to width: Int, secondGain: Float = 1,
    secondBias: Float = 0, normGain: Float = 1
  ) {
    layout.scope(name) {
      $0.linear("1", from: inputs, to: width, bias: true)
      $0.linear("2", from: width, to: width, bias: true, gain: secondGain, biasValue: secondBias)
      $0.norm("norm", width, gain: normGain)
    }
  }
}
