// The result shapes of the first tier. Backends ask here, so that all trap on the same mistakes with the same words.

extension Shape {
  /// NumPy's rule: an extent of 1, or a missing outer axis, repeats.
  package static func broadcast(_ x: Shape, _ y: Shape, in operation: @autoclosure () -> String) -> Shape {
    let rank = max(x.rank, y.rank)
    return Shape(
      (0..<rank).map { axis in
        let (a, b) = (x.extent(axis, ofRank: rank), y.extent(axis, ofRank: rank))
        precondition(a == b || a == 1 || b == 1, "\(operation()): \(x) with \(y)")
        return a == 1 ? b : a
      })
  }

  private func extent(_ axis: Int, ofRank rank: Int) -> Int {
    axis < rank - self.rank ? 1 : extents[axis - rank + self.rank]
  }

  /// Strides that read this shape as `shape`: 0 along the axes that repeat.
  package func strides(broadcastTo shape: Shape) -> [Int] {
    let own = strides
    return (0..<shape.rank).map { axis in
      extent(axis, ofRank: shape.rank) == 1 ? 0 : own[axis - shape.rank + rank]
    }
  }

  /// [..., M, K] x [..., K, N], or y [..., N, K] where `transposeY`.
  package static func product(_ x: Shape, _ y: Shape, transposeY: Bool) -> Shape {
    precondition(
      x.rank >= 2 && y.rank >= 2 && x[-1] == y[transposeY ? -1 : -2]
        && (y.rank == 2 || x.extents.dropLast(2) == y.extents.dropLast(2)),
      "matmul: \(x) x \(y)\(transposeY ? " transposed" : "")")
    return Shape(x.extents.dropLast() + [y[transposeY ? -2 : -1]])
  }

  package static func concatenation(_ shapes: [Shape], axis: Int) -> Shape {
    guard let first = shapes.first else { preconditionFailure("concatenate: nothing to join") }
    let axis = first.axis(axis, in: "concatenate")
    var extents = first.extents
    extents[axis] = 0
    for shape in shapes {
      var others = shape.extents
      precondition(shape.rank == first.rank, "concatenate: \(first) with \(shape)")
      extents[axis] += shape[axis]
      others[axis] = extents[axis]
      precondition(others == extents, "concatenate: \(first) with \(shape) along axis \(axis)")
    }
    return Shape(extents)
  }

  /// Rows of this table [V, D] -> [indices.count, D].
  package func gathered(_ indices: [Int]) -> Shape {
    precondition(
      rank == 2 && indices.allSatisfy { 0..<extents[0] ~= $0 }, "gather: \(indices.count) indices of \(self)")
    return [indices.count, extents[1]]
  }

  package func padded(axis: Int, before: Int, after: Int) -> Shape {
    precondition(before >= 0 && after >= 0, "pad: \(before) before and \(after) after \(self)")
    return replacing(axis: self.axis(axis, in: "pad")) { $0 + before + after }
  }

  package func reduced(_ op: ReduceOp, axis: Int) -> Shape {
    let axis = self.axis(axis, in: "reduce \(op)")
    precondition(extents[axis] > 0 || op == .sum, "reduce \(op): empty axis \(axis) of \(self)")
    return replacing(axis: axis) { _ in 1 }
  }

  private func replacing(axis: Int, _ change: (Int) -> Int) -> Shape {
    var extents = extents
    extents[axis] = change(extents[axis])
    return Shape(extents)
  }

  /// Traps unless the rows of `source` [B, t, D] have room in this one [B, T, D] from frame `frame` on.
  package func checkRoom(for source: Shape, at frame: Int) {
    precondition(
      source.rank == 3 && rank == 3 && source[0] == self[0] && source[2] == self[2] && frame >= 0
        && frame + source[1] <= self[1], "copy: \(source) into \(self) at frame \(frame)")
  }

  /// Traps unless these are weights of `rank` axes, and `bias` has an element for each output, which `outputs` counts.
  package func checkWeights(rank: Int, outputs axis: Int, bias: Shape?, in operation: String) {
    precondition(
      self.rank == rank && bias ?? [self[axis]] == [self[axis]], "\(operation): weight \(self), bias \(bias ?? [])")
  }

  /// Traps if an element that `copyStrided` would read lies outside this shape's elements.
  package func checkStrided(shape: Shape, strides: [Int], offset: Int) {
    precondition(strides.count == shape.rank, "copyStrided: strides \(strides) for \(shape)")
    guard shape.count > 0 else { return }
    let reach = zip(shape.extents, strides).map { ($0 - 1) * $1 }
    let lowest = offset + reach.reduce(0) { $0 + min($1, 0) }
    let highest = offset + reach.reduce(0) { $0 + max($1, 0) }
    precondition(
      lowest >= 0 && highest < count,
      "copyStrided: \(shape) with strides \(strides) from \(offset) reads \(lowest)...\(highest) of \(self)")
  }
}
