extension ReferenceBackend {
  package func reduce(_ op: ReduceOp, _ x: Tensor, axis: Int) -> Tensor {
    defer { withExtendedLifetime(x) {} }
    let shape = x.shape.reduced(op, axis: axis)
    let axis = x.shape.axis(axis, in: "reduce \(op)")
    let (length, source) = (x.shape[axis], x.pointer)
    let (outer, inner) = x.shape.around(axis)
    return make(shape) { result in
      for o in 0..<outer {
        for i in 0..<inner {
          result[o * inner + i] = reduced(op, source + o * length * inner + i, count: length, stride: inner)
        }
      }
    }
  }

  private func reduced(_ op: ReduceOp, _ x: UnsafePointer<Float>, count: Int, stride: Int) -> Float {
    switch op {
    case .sum, .mean:
      var sum = 0.0
      for i in 0..<count { sum += Double(x[i * stride]) }
      return Float(op == .mean ? sum / Double(count) : sum)
    case .maximum:
      var top = x[0]
      for i in 1..<max(count, 1) where x[i * stride] > top { top = x[i * stride] }
      return top
    }
  }
}
