// Rearrangements: `copyStrided` with the strides worked out. They copy (except a slice of
// everything); `reshaped` and `rows` do not.

extension Tensor {
  /// Axes in the order `axes` names them.
  package func permuted(_ axes: [Int]) -> Tensor {
    precondition(axes.sorted() == Array(0..<shape.rank), "permuted: axes \(axes) of \(shape)")
    let strides = shape.strides
    return backend.copyStrided(
      self, shape: Shape(axes.map { shape[$0] }), strides: axes.map { strides[$0] }, offset: 0)
  }

  /// Exchanges two axes; negative axes count from the end.
  package func transposed(_ first: Int, _ second: Int) -> Tensor {
    var axes = Array(0..<shape.rank)
    axes.swapAt(shape.axis(first, in: "transposed"), shape.axis(second, in: "transposed"))
    return permuted(axes)
  }

  /// The elements whose index along `axis` lies in `range`.
  package func sliced(axis: Int, _ range: Range<Int>) -> Tensor {
    let axis = shape.axis(axis, in: "sliced")
    precondition(
      range.lowerBound >= 0 && range.upperBound <= shape[axis], "sliced: \(range) of axis \(axis) of \(shape)")
    if range == 0..<shape[axis] { return self }
    var extents = shape.extents
    extents[axis] = range.count
    let strides = shape.strides
    return backend.copyStrided(
      self, shape: Shape(extents), strides: strides, offset: range.lowerBound * strides[axis])
  }

  /// Zeros before and after along one axis.
  package func padded(axis: Int, before: Int = 0, after: Int = 0) -> Tensor {
    backend.pad(self, axis: axis, before: before, after: after)
  }

  /// `count` copies along an axis of extent 1.
  package func repeated(axis: Int, count: Int) -> Tensor {
    let axis = shape.axis(axis, in: "repeated")
    precondition(shape[axis] == 1, "repeated: axis \(axis) of \(shape) is not 1")
    var (extents, strides) = (shape.extents, shape.strides)
    extents[axis] = count
    strides[axis] = 0
    return backend.copyStrided(self, shape: Shape(extents), strides: strides, offset: 0)
  }

  /// Joins along one axis.
  package static func concatenated(_ parts: [Tensor], axis: Int) -> Tensor {
    precondition(!parts.isEmpty, "concatenated: nothing to join")
    return parts[0].backend.concatenate(parts, axis: axis)
  }
}
