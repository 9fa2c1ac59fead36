extension ReferenceBackend {
  package func gather(_ table: Tensor, _ indices: [Int]) -> Tensor {
    defer { withExtendedLifetime(table) {} }
    let shape = table.shape.gathered(indices)
    let (dim, source) = (shape[1], table.pointer)
    return make(shape) { result in
      for (row, index) in indices.enumerated() {
        (result + row * dim).update(from: source + index * dim, count: dim)
      }
    }
  }

  package func copyStrided(_ x: Tensor, shape: Shape, strides: [Int], offset: Int) -> Tensor {
    defer { withExtendedLifetime(x) {} }
    x.shape.checkStrided(shape: shape, strides: strides, offset: offset)
    let (source, count, length, step) = (x.pointer, shape.count, shape.extents.last ?? 1, strides.last ?? 0)
    var row = Odometer(extents: shape.extents.dropLast(), strides: strides.dropLast(), offset: offset)
    return make(shape) { result in
      for start in stride(from: 0, to: count, by: max(length, 1)) {
        for i in 0..<length { result[start + i] = source[row.offset + i * step] }
        row.advance()
      }
    }
  }

  package func pad(_ x: Tensor, axis: Int, before: Int, after: Int) -> Tensor {
    defer { withExtendedLifetime(x) {} }
    let shape = x.shape.padded(axis: axis, before: before, after: after)
    let axis = x.shape.axis(axis, in: "pad")
    let (outer, inner) = x.shape.around(axis)
    let (source, from, to) = (x.pointer, x.shape[axis] * inner, shape[axis] * inner)
    return make(shape) { result in
      result.update(repeating: 0, count: outer * to)
      for o in 0..<outer { (result + o * to + before * inner).update(from: source + o * from, count: from) }
    }
  }

  package func concatenate(_ parts: [Tensor], axis: Int) -> Tensor {
    defer { withExtendedLifetime(parts) {} }
    let shape = Shape.concatenation(parts.map(\.shape), axis: axis)
    let axis = shape.axis(axis, in: "concatenate")
    let (outer, inner) = shape.around(axis)
    return make(shape) { result in
      var start = 0
      for part in parts {
        let run = part.shape[axis] * inner
        for o in 0..<outer {
          (result + o * shape[axis] * inner + start).update(from: part.pointer + o * run, count: run)
        }
        start += run
      }
    }
  }

  package func copy(_ source: Tensor, into destination: Tensor, at frame: Int) {
    defer { withExtendedLifetime((source, destination)) {} }
    let (from, to) = (source.shape, destination.shape)
    to.checkRoom(for: from, at: frame)
    let run = from[1] * from[2]
    for row in 0..<from[0] {
      (destination.pointer + (row * to[1] + frame) * to[2]).update(from: source.pointer + row * run, count: run)
    }
  }
}
