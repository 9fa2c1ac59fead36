import Foundation
package import NocturneTensor

/// E_d = MLP(cos(d) start + sin(d) end), the corrected blend of model.md 4.3. Keys: `start`, `end`, `mlp.*`.
package struct AngleEmbedding: Sendable {
  private let start: [Float]
  private let end: [Float]
  private let perceptron: NormedPerceptron
  private let backend: any Backend

  package init(_ weights: ModuleWeights, epsilon: Float) throws {
    start = try weights.tensor("start").values
    end = try weights.tensor("end").values
    perceptron = try NormedPerceptron(weights.scoped("mlp"), epsilon: epsilon)
    backend = weights.backend
  }

  /// A angles -> [A, D]
  package func callAsFunction(_ angles: [Double]) -> Tensor { perceptron(blend(angles)) }

  /// A angles -> cos(d) start + sin(d) end, [A, angleDim]
  package func blend(_ angles: [Double]) -> Tensor {
    let blended = angles.flatMap { angle in
      let (cosine, sine) = (Float(cos(angle)), Float(sin(angle)))
      return zip(start, end).map { cosine * $0 + sine * $1 }
    }
    return Tensor(blended, shape: [angles.count, start.count], on: backend)
  }

  package static func describe(in layout: inout ModuleLayout, _ dpd: ModelConfiguration.Diffusion) {
    layout.tensor("start", [dpd.angleDim], .spread(deviation: 1))
    layout.tensor("end", [dpd.angleDim], .spread(deviation: 1))
    NormedPerceptron.describe(in: &layout, "mlp", from: dpd.angleDim, to: dpd.dim)
  }
}
