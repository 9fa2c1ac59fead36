import CNocturneKernels
package import NocturneTensor

extension CPUBackend {
  package func unary(_ op: UnaryOp, _ x: Tensor) -> Tensor {
    defer { withExtendedLifetime(x) {} }
    let (source, (kernel, p, q)) = (x.pointer, op.kernel)
    return make(x.shape) { result in
      pool.forEachRows(x.shape.count, width: 1) { run in
        kernels.table.unary(kernel, p, q, source + run.lowerBound, result + run.lowerBound, run.count)
      }
    }
  }

  package func binary(_ op: BinaryOp, _ x: Tensor, _ y: Tensor) -> Tensor {
    defer { withExtendedLifetime((x, y)) {} }
    let shape = Shape.broadcast(x.shape, y.shape, in: "binary \(op)")
    let runs = BroadcastRuns(shape, x.shape.strides(broadcastTo: shape), y.shape.strides(broadcastTo: shape))
    let (left, right) = (x.pointer, y.pointer)
    return make(shape) { result in
      if runs.outer.isEmpty {
        pool.forEachRows(runs.length, width: 1) { run in
          kernels.table.binary(
            op.kernel, left + run.lowerBound * runs.steps.0, Int32(runs.steps.0),
            right + run.lowerBound * runs.steps.1, Int32(runs.steps.1), result + run.lowerBound, run.count)
        }
      } else {
        pool.forEachRows(runs.outer.reduce(1, *), width: runs.length) { rows in
          for row in rows {
            let (x, y) = runs.offsets(row)
            kernels.table.binary(
              op.kernel, left + x, Int32(runs.steps.0), right + y, Int32(runs.steps.1), result + row * runs.length,
              runs.length)
          }
        }
      }
    }
  }

  package func gatedSilu(gate: Tensor, up: Tensor) -> Tensor {
    gate.shape.checkGated(up.shape)
    defer { withExtendedLifetime((gate, up)) {} }
    let (left, right) = (gate.pointer, up.pointer)
    return make(gate.shape) { result in
      pool.forEachRows(gate.shape.count, width: 1) { run in
        kernels.table.gated_silu(left + run.lowerBound, right + run.lowerBound, result + run.lowerBound, run.count)
      }
    }
  }
}

extension UnaryOp {
  /// The kernel's code and its two parameters.
  var kernel: (nk_unary, Float, Float) {
    switch self {
    case .negate: (NK_NEGATE, 0, 0)
    case .square: (NK_SQUARE, 0, 0)
    case .squareRoot: (NK_SQUARE_ROOT, 0, 0)
    case .exponential: (NK_EXPONENTIAL, 0, 0)
    case .tanh: (NK_TANH_OP, 0, 0)
    case .sigmoid: (NK_SIGMOID, 0, 0)
    case .gelu: (NK_GELU_OP, 0, 0)
    case .silu: (NK_SILU_OP, 0, 0)
    case .leakyReLU(let slope): (NK_LEAKY, slope, 0)
    case .affine(let scale, let offset): (NK_AFFINE, scale, offset)
    case .clamp(let low, let high): (NK_CLAMP, low, high)
    }
  }
}

extension BinaryOp {
  var kernel: nk_binary {
    switch self {
    case .add: NK_ADD
    case .subtract: NK_SUBTRACT
    case .multiply: NK_MULTIPLY
    case .divide: NK_DIVIDE
    }
  }
}
