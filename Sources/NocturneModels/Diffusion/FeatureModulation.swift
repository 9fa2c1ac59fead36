package import NocturneTensor

/// FiLM: x modulated by one vector per row (model.md 4.5). R rows, K steps, D width, V distinct vectors.
///
/// Keys: `{gamma,beta,output}.{1,2,norm}.*` (`mlp3`) or `{gamma,beta}.{weight,bias}` (`affine`).
package enum FeatureModulation: Sendable {
  /// MLP_o(x * MLP_g(m) + MLP_b(m)).
  case perceptrons(gamma: NormedPerceptron, beta: NormedPerceptron, output: NormedPerceptron)
  /// gamma(m) * x + beta(m).
  case affine(gamma: Linear, beta: Linear)

  package init(_ weights: ModuleWeights, _ dpd: ModelConfiguration.Diffusion) throws {
    switch dpd.film {
    case .mlp3:
      func perceptron(_ name: String, robust: Bool) throws -> NormedPerceptron {
        try NormedPerceptron(weights.scoped(name), epsilon: dpd.epsilon, robust: robust)
      }
      // Scale and shift reach every frame of a row, and cost nothing.
      self = .perceptrons(
        gamma: try perceptron("gamma", robust: false), beta: try perceptron("beta", robust: false),
        output: try perceptron("output", robust: true))
    case .affine:
      self = .affine(gamma: try Linear(weights.scoped("gamma")), beta: try Linear(weights.scoped("beta")))
    }
  }

  /// Scale and shift of V distinct vectors m: [V, D] -> two of [V, D].
  package func tables(of vectors: Tensor) -> (scale: Tensor, shift: Tensor) {
    switch self {
    case .perceptrons(let gamma, let beta, _): (gamma(vectors), beta(vectors))
    case .affine(let gamma, let beta): (gamma(vectors), beta(vectors))
    }
  }

  /// [R, K, D] modulated by one scale and shift per row [R, D] -> [R, K, D]
  package func callAsFunction(_ x: Tensor, scale: Tensor, shift: Tensor) -> Tensor {
    let modulated = x.modulated(scale: scale, shift: shift)
    switch self {
    case .perceptrons(_, _, let output): return output(modulated)
    case .affine: return modulated
    }
  }

  package static func describe(in layout: inout ModuleLayout, _ dpd: ModelConfiguration.Diffusion) {
    switch dpd.film {
    case .mlp3:
      // Near identity at the start: scale about 1, shift about 0 (model.md 4.5).
      NormedPerceptron.describe(in: &layout, "gamma", from: dpd.dim, to: dpd.dim, secondGain: 0.02, secondBias: 1)
      NormedPerceptron.describe(in: &layout, "beta", from: dpd.dim, to: dpd.dim, secondGain: 0.02, normGain: 0.02)
      NormedPerceptron.describe(in: &layout, "output", from: dpd.dim, to: dpd.dim)
    case .affine:
      layout.linear("gamma", from: dpd.dim, to: dpd.dim, bias: true, gain: 0.02, biasValue: 1)
      layout.linear("beta", from: dpd.dim, to: dpd.dim, bias: true, gain: 0.02)
    }
  }
}
