import Foundation
package import NocturneTensor

/// One bidirectional SRU layer (model.md 7.1); width D = 2 U, so the highway skip needs no projection.
///
/// Keys: `weight` [2 U 3, D] with rows (direction, unit, matrix), `weight_c` and `bias` [2 gates, 2 directions, U].
package struct RecurrentLayer: Sendable {
  private let project: Linear
  private let cell: Tensor
  private let bias: Tensor
  private let skipScale: Float
  private let units: Int

  package init(_ weights: ModuleWeights, _ sru: ModelConfiguration.Recurrence) throws {
    units = sru.units
    let stored = try weights.tensor("weight")
    let width = stored.shape[1]
    // The recurrence wants each matrix's units side by side: (direction, matrix, unit).
    let ordered = stored.reshaped([2, units, 3, width]).permuted([0, 2, 1, 3]).reshaped(stored.shape)
    project = Linear(weights.backend.prepareLinear(weight: ordered, bias: nil, robust: true))
    cell = try weights.tensor("weight_c")
    bias = try weights.tensor("bias")
    skipScale = Self.skipScale(highwayBias: sru.highwayBias)
  }

  /// alpha = sqrt(1 + 2 exp(b)).
  package static func skipScale(highwayBias: Float) -> Float { Float((1 + 2 * exp(Double(highwayBias))).squareRoot()) }

  /// [R, K, D] -> [R, K, D]
  package func callAsFunction(_ x: Tensor) -> Tensor {
    let projected = project(x).reshaped([x.shape[0], x.shape[1], 2, 3, units])
    return x.backend.simpleRecurrence(projected: projected, input: x, cell: cell, bias: bias, skipScale: skipScale)
  }

  package static func describe(in layout: inout ModuleLayout, _ dpd: ModelConfiguration.Diffusion) {
    let units = dpd.sru.units
    layout.tensor("weight", [6 * units, dpd.dim], .recurrent(deviation: 1 / Float(dpd.dim).squareRoot()))
    layout.tensor("weight_c", [2, 2, units], .spread(deviation: Float(0.5).squareRoot()))
    layout.tensor("bias", [2, 2, units], .halves(0, dpd.sru.highwayBias))
  }
}
