/// Walks the indices of a shape in row-major order and keeps the matching offset under other strides.
struct Odometer {
  private let extents: [Int]
  private let strides: [Int]
  private var index: [Int]
  private(set) var offset: Int

  init(extents: some Collection<Int>, strides: some Collection<Int>, offset: Int = 0) {
    self.extents = Array(extents)
    self.strides = Array(strides)
    self.index = [Int](repeating: 0, count: extents.count)
    self.offset = offset
  }

  /// To the next index; after the last one, back to the first.
  mutating func advance() {
    var axis = extents.count - 1
    while axis >= 0 {
      index[axis] += 1
      offset += strides[axis]
      if index[axis] < extents[axis] { return }
      offset -= index[axis] * strides[axis]
      index[axis] = 0
      axis -= 1
    }
  }
}
