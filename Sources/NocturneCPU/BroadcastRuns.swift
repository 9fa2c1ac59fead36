import NocturneTensor

/// A broadcast operation as rows of one inner loop: the innermost axes along which each operand either runs on or
/// stands still are joined into one run.
struct BroadcastRuns {
  /// Elements of a run, and each operand's step within it: 1, or 0 where it repeats one element.
  let length: Int
  let steps: (Int, Int)
  /// Extents of the axes outside the run.
  let outer: [Int]
  private let strides: ([Int], [Int])

  init(_ shape: Shape, _ x: [Int], _ y: [Int]) {
    var (axis, length) = (shape.rank, 1)
    var steps: (Int, Int)?
    while axis > 0 {
      let (extent, own) = (shape[axis - 1], (x[axis - 1], y[axis - 1]))
      // An axis of extent 1 joins anything.
      if extent != 1 {
        let step = (own.0 == 0 ? 0 : own.0 / length, own.1 == 0 ? 0 : own.1 / length)
        let joined = steps ?? step
        guard step == joined, own.0 == step.0 * length, own.1 == step.1 * length, step.0 <= 1, step.1 <= 1 else {
          break
        }
        steps = joined
        length *= extent
      }
      axis -= 1
    }
    self.length = length
    self.steps = steps ?? (1, 1)
    outer = Array(shape.extents[..<axis])
    strides = (Array(x[..<axis]), Array(y[..<axis]))
  }

  /// Where each operand's run starts for row `row` of the outer axes.
  func offsets(_ row: Int) -> (Int, Int) {
    var (rest, x, y) = (row, 0, 0)
    for axis in outer.indices.reversed() {
      let (next, index) = rest.quotientAndRemainder(dividingBy: outer[axis])
      x += index * strides.0[axis]
      y += index * strides.1[axis]
      rest = next
    }
    return (x, y)
  }
}
