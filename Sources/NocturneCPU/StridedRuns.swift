import NocturneTensor

/// A strided view as rows of one inner loop: the innermost axes that follow one another without a gap are joined.
struct StridedRuns {
  let length: Int
  let step: Int
  let rows: Int
  private let extents: [Int]
  private let strides: [Int]
  private let start: Int

  init(_ shape: Shape, strides: [Int], offset: Int) {
    var (axis, length) = (shape.rank, 1)
    var step: Int?
    while axis > 0 {
      let (extent, stride) = (shape[axis - 1], strides[axis - 1])
      if extent != 1 {
        guard stride == (step ?? stride) * length else { break }
        step = step ?? stride
        length *= extent
      }
      axis -= 1
    }
    self.length = length
    self.step = step ?? 1
    self.extents = Array(shape.extents[..<axis])
    self.strides = Array(strides[..<axis])
    rows = self.extents.reduce(1, *)
    start = offset
  }

  /// Where row `row` starts.
  func offset(_ row: Int) -> Int {
    var (rest, offset) = (row, start)
    for axis in extents.indices.reversed() {
      let (next, index) = rest.quotientAndRemainder(dividingBy: extents[axis])
      offset += index * strides[axis]
      rest = next
    }
    return offset
  }
}
