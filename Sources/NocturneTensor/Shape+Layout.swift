extension Shape {
  /// Row-major strides in elements.
  package var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * self[axis + 1] }
    return strides
  }

  /// The non-negative form of an axis; traps with the operation's name if there is no such axis.
  package func axis(_ axis: Int, in operation: @autoclosure () -> String) -> Int {
    let resolved = axis < 0 ? rank + axis : axis
    precondition(0..<rank ~= resolved, "\(operation()): no axis \(axis) in \(self)")
    return resolved
  }

  /// Elements before and after an axis: [outer, axis, inner].
  package func around(_ axis: Int) -> (outer: Int, inner: Int) {
    (extents[..<axis].reduce(1, *), extents[(axis + 1)...].reduce(1, *))
  }
}
