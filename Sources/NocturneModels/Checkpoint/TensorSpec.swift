package import NocturneTensor

/// One tensor of a checkpoint file: its key, its stored shape, and how a random checkpoint fills it.
package struct TensorSpec: Hashable, Sendable {
  package let key: String
  /// As stored: linear weights [out, in], convolutions [out, in, k], transposed convolutions [in, out, k].
  package let shape: Shape
  package let filling: Filling

  /// Random weights whose activations stay near unit size; uniform, so that a billion of them are made in seconds.
  package enum Filling: Hashable, Sendable {
    case constant(Float)
    /// Uniform with mean 0 and this standard deviation.
    case spread(deviation: Float)
    /// SRU weights (model.md 7.1): rows (direction, unit, matrix), matrix fastest; gates scaled by sqrt(1/2).
    case recurrent(deviation: Float)
    /// The first half constant, the second another: SRU biases, forget then reset.
    case halves(Float, Float)
  }
}
