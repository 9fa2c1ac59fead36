/// Weights as the reference multiplies them: [taps, in, out], so that every product runs along contiguous outputs.
struct ReferenceWeights: Sendable {
  let taps: Tensor
  let bias: Tensor?

  /// sums = bias, or zero.
  func start(_ sums: UnsafeMutablePointer<Double>, outputs: Int) {
    defer { withExtendedLifetime(bias) {} }
    for o in 0..<outputs { sums[o] = Double(bias?.pointer[o] ?? 0) }
  }

  /// sums += frame W[tap], where the frame passes through a leaky ReLU first.
  func accumulate(
    _ frame: UnsafePointer<Float>, tap: Int, inputSlope: Float, into sums: UnsafeMutablePointer<Double>
  ) {
    defer { withExtendedLifetime(taps) {} }
    let (inputs, outputs) = (taps.shape[1], taps.shape[2])
    let matrix = UnsafePointer(taps.pointer + tap * inputs * outputs)
    for i in 0..<inputs {
      addScaled(matrix + i * outputs, by: leaky(frame[i], inputSlope), into: sums, count: outputs)
    }
  }

  /// result = activation(sums) + residual.
  static func finish(
    _ sums: UnsafePointer<Double>, outputs: Int, activation: Activation, residual: UnsafePointer<Float>?,
    into result: UnsafeMutablePointer<Float>
  ) {
    for o in 0..<outputs { result[o] = activation.applied(sums[o]) + (residual?[o] ?? 0) }
  }
}

/// sums += scale row; the one product of the reference.
func addScaled(
  _ row: UnsafePointer<Float>, by scale: Float, into sums: UnsafeMutablePointer<Double>, count: Int
) {
  let factor = Double(scale)
  for i in 0..<count { sums[i] += factor * Double(row[i]) }
}
