import Foundation

extension ReferenceBackend {
  package func unary(_ op: UnaryOp, _ x: Tensor) -> Tensor {
    switch op {
    case .negate: map(x) { -$0 }
    case .square: map(x) { $0 * $0 }
    case .squareRoot: map(x) { $0.squareRoot() }
    case .exponential: map(x) { Float(exp(Double($0))) }
    case .tanh: map(x) { Activation.tanh.applied(Double($0)) }
    case .sigmoid: map(x) { Float(1 / (1 + exp(-Double($0)))) }
    case .gelu: map(x) { Activation.gelu.applied(Double($0)) }
    case .silu: map(x) { Activation.silu.applied(Double($0)) }
    case .leakyReLU(let slope): map(x) { leaky($0, slope) }
    case .affine(let scale, let offset): map(x) { $0 * scale + offset }
    case .clamp(let low, let high): map(x) { min(max($0, low), high) }
    }
  }

  private func map(_ x: Tensor, _ function: (Float) -> Float) -> Tensor {
    defer { withExtendedLifetime(x) {} }
    let (source, count) = (x.pointer, x.shape.count)
    return make(x.shape) { result in
      for i in 0..<count { result[i] = function(source[i]) }
    }
  }

  package func binary(_ op: BinaryOp, _ x: Tensor, _ y: Tensor) -> Tensor {
    switch op {
    case .add: zip(x, y, op) { $0 + $1 }
    case .subtract: zip(x, y, op) { $0 - $1 }
    case .multiply: zip(x, y, op) { $0 * $1 }
    case .divide: zip(x, y, op) { $0 / $1 }
    }
  }

  private func zip(_ x: Tensor, _ y: Tensor, _ op: BinaryOp, _ function: (Float, Float) -> Float) -> Tensor {
    defer { withExtendedLifetime((x, y)) {} }
    let shape = Shape.broadcast(x.shape, y.shape, in: "binary \(op)")
    let (xStrides, yStrides) = (x.shape.strides(broadcastTo: shape), y.shape.strides(broadcastTo: shape))
    let (xBase, yBase, count) = (x.pointer, y.pointer, shape.count)
    // Row by row along the innermost axis.
    let length = shape.extents.last ?? 1
    let (xStep, yStep) = (xStrides.last ?? 0, yStrides.last ?? 0)
    var xRow = Odometer(extents: shape.extents.dropLast(), strides: xStrides.dropLast())
    var yRow = Odometer(extents: shape.extents.dropLast(), strides: yStrides.dropLast())
    return make(shape) { result in
      for start in stride(from: 0, to: count, by: max(length, 1)) {
        let (a, b, row) = (xBase + xRow.offset, yBase + yRow.offset, result + start)
        for i in 0..<length { row[i] = function(a[i * xStep], b[i * yStep]) }
        xRow.advance()
        yRow.advance()
      }
    }
  }
}

/// x where it is positive, slope x elsewhere.
func leaky(_ x: Float, _ slope: Float) -> Float { x >= 0 ? x : slope * x }

extension Activation {
  /// The function's value, rounded once.
  func applied(_ x: Double) -> Float {
    switch self {
    case .none: Float(x)
    // erfc instead of 1 + erf: no cancellation in the left tail.
    case .gelu: Float(x / 2 * Foundation.erfc(-x * 0.5.squareRoot()))
    case .silu: Float(x / (1 + Foundation.exp(-x)))
    case .tanh: Float(Foundation.tanh(x))
    }
  }
}
