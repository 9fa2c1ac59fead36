import NocturneTensor

extension OperationCase {
  static let elementwise: [OperationCase] = unaries + binaries

  private static let sizes: [Shape] = [[1], [3], [17], [63, 65], [2, 3, 250], []]

  private static let unaries: [OperationCase] = {
    /// Operation, kind, range of arguments.
    let operations: [(UnaryOp, Kind, Float, Float)] = [
      (.negate, .exact, -9, 9), (.square, .exact, -9, 9), (.squareRoot, .exact, 0, 9),
      (.exponential, .elementwise, -20, 5), (.exponential, .elementwise, -120, -60),
      (.tanh, .elementwise, -4, 4), (.tanh, .elementwise, -0.01, 0.01), (.tanh, .elementwise, -200, 200),
      (.sigmoid, .elementwise, -9, 9), (.sigmoid, .elementwise, -200, 200), (.gelu, .elementwise, -6, 6),
      (.gelu, .elementwise, -200, 200), (.silu, .elementwise, -9, 9), (.silu, .elementwise, -200, 200),
      (.leakyReLU(slope: 0.1), .elementwise, -9, 9), (.leakyReLU(slope: 0), .elementwise, -9, 9),
      (.affine(scale: -1.5, offset: 0.75), .elementwise, -9, 9), (.clamp(low: -1, high: 1), .exact, -3, 3),
    ]
    return operations.flatMap { op, kind, low, high in
      sizes.map { shape in
        OperationCase("unary \(op) \(shape) from \(low) to \(high)", kind) { x in
          [x.uniform(shape, low, high).unary(op)]
        }
      }
    } + [
      OperationCase("unary exponential of minus infinity", .exact) { x in
        [Tensor.full(-.infinity, shape: [19], on: x.backend).exponential()]
      }
    ]
  }()

  private static let binaries: [OperationCase] = {
    let shapes: [(Shape, Shape)] = [
      ([1], [1]), ([17], [17]), ([63, 65], [63, 65]), ([63, 65], [65]), ([63, 65], [63, 1]), ([63, 65], [1]),
      ([1, 65], [63, 1]), ([65], [3, 1, 65]), ([2, 17, 80], [2, 1, 80]), ([2, 17, 80], [17, 80]),
      ([2, 17, 80], [17, 1]), ([], [17]), ([3, 1, 5, 1], [7, 1, 250]), ([64, 16], []), ([0, 3], [1, 3]),
    ]
    return BinaryOp.allCases.flatMap { op in
      shapes.map { a, b in
        OperationCase("binary \(op) \(a) with \(b)", .exact) { x in
          [x.backend.binary(op, x.normal(a), x.uniform(b, 0.5, 2))]
        }
      }
    }
  }()

  static let reductions: [OperationCase] = ReduceOp.allCases.flatMap { op in
    let shapes: [(Shape, Int)] = [
      ([1], 0), ([17], 0), ([63, 65], 1), ([63, 65], 0), ([3, 17, 80], -2), ([3, 17, 80], -1), ([3, 17, 80], 0),
      ([2, 250, 64], 1), ([5, 1, 3], 1), ([4, 1024], -1),
    ]
    return shapes.map { shape, axis in
      OperationCase("reduce \(op) \(shape) axis \(axis)", op == .maximum ? .exact : .elementwise) { x in
        [x.backend.reduce(op, x.normal(shape) + 0.5, axis: axis)]
      }
    }
  }
}
