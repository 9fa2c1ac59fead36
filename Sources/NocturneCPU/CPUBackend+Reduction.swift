import CNocturneKernels
package import NocturneTensor

extension CPUBackend {
  package func reduce(_ op: ReduceOp, _ x: Tensor, axis: Int) -> Tensor {
    defer { withExtendedLifetime(x) {} }
    let shape = x.shape.reduced(op, axis: axis)
    let axis = x.shape.axis(axis, in: "reduce \(op)")
    let (length, source) = (x.shape[axis], x.pointer)
    let (outer, inner) = x.shape.around(axis)
    return make(shape) { result in
      pool.forEachRows(outer, width: length * inner) { rows in
        for row in rows {
          let (from, to) = (source + row * length * inner, result + row * inner)
          // Sums over an outer axis add whole rows.
          if inner > 1 && (op == .sum || op == .mean) {
            kernels.table.sum_rows(from, inner, length, op == .mean ? 1 / Float(length) : 1, to, inner)
          } else {
            kernels.table.reduce(op.kernel, from, length, inner, to)
          }
        }
      }
    }
  }

  package func softmax(_ x: Tensor) -> Tensor {
    precondition(x.shape.rank > 0 && x.shape[-1] > 0, "softmax: \(x.shape)")
    defer { withExtendedLifetime(x) {} }
    let (source, width) = (x.pointer, x.shape[-1])
    return make(x.shape) { result in
      pool.forEachRows(x.shape.count / width, width: width) { rows in
        kernels.table.softmax(source + rows.lowerBound * width, result + rows.lowerBound * width, rows.count, width)
      }
    }
  }
}

extension ReduceOp {
  var kernel: nk_reduce {
    switch self {
    case .sum: NK_SUM
    case .mean: NK_MEAN
    case .maximum: NK_MAXIMUM
    }
  }
}
