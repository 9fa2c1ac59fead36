import NocturneTensor

/// Residual vector quantizer of the joint embedding (model.md 1.3). Keys: `codebooks` [Q, codes, dim].
package struct ResidualQuantizer: Sendable {
  private let codebooks: [Float]
  private let quantizers: Int
  private let codes: Int
  private let width: Int

  package init(_ weights: ModuleWeights) throws {
    let tensor = try weights.tensor("codebooks")
    (quantizers, codes, width) = (tensor.shape[0], tensor.shape[1], tensor.shape[2])
    codebooks = tensor.values
  }

  /// r_0 = e; i_q = argmin_c |r_{q-1} - C_q[c]|^2, ties to the lower index; r_q = r_{q-1} - C_q[i_q].
  ///
  /// Distances are summed in double precision, so that no backend and no vector width decides a near tie.
  package func encode(_ embedding: [Float]) -> [Int] {
    precondition(embedding.count == width, "ResidualQuantizer: \(embedding.count) values, expected \(width)")
    var rest = embedding
    return (0..<quantizers).map { quantizer in
      var (best, nearest) = (0, Double.infinity)
      for code in 0..<codes {
        let first = (quantizer * codes + code) * width
        var distance = 0.0
        for index in 0..<width {
          let difference = Double(rest[index]) - Double(codebooks[first + index])
          distance += difference * difference
        }
        if distance < nearest { (best, nearest) = (code, distance) }
      }
      for index in 0..<width { rest[index] -= codebooks[(quantizer * codes + best) * width + index] }
      return best
    }
  }

  package static func layout(_ configuration: ModelConfiguration) -> ModuleLayout {
    ModuleLayout("rvq") {
      let (rvq, width) = (configuration.rvq, configuration.mulan.dim)
      // Half a unit vector: residuals of random codebooks shrink instead of growing.
      $0.tensor(
        "codebooks", [rvq.quantizers, rvq.codes, width], .spread(deviation: 0.5 / Float(width).squareRoot()))
    }
  }
}
