import NocturneTensor

/// A tensor's elements by index, in double precision, for formulas written out in tests.
struct Grid {
  let shape: Shape
  let values: [Double]

  init(_ tensor: Tensor) {
    shape = tensor.shape
    values = tensor.values.map(Double.init)
  }

  subscript(index: Int...) -> Double {
    precondition(index.count == shape.rank)
    return values[zip(index, shape.strides).reduce(0) { $0 + $1.0 * $1.1 }]
  }
}

/// The tensor whose element at each index `formula` gives.
func expected(_ shape: Shape, _ formula: ([Int]) -> Double) -> [Float] {
  (0..<shape.count).map { flat in
    Float(formula(zip(shape.strides, shape.extents).map { stride, extent in flat / stride % extent }))
  }
}
