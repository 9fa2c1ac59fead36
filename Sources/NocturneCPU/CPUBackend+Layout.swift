package import NocturneTensor

extension CPUBackend {
  package func gather(_ table: Tensor, _ indices: [Int]) -> Tensor {
    let shape = table.shape.gathered(indices)
    defer { withExtendedLifetime(table) {} }
    let (dim, source) = (shape[1], table.pointer)
    return make(shape) { result in
      pool.forEachRows(indices.count, width: dim) { rows in
        for row in rows { (result + row * dim).update(from: source + indices[row] * dim, count: dim) }
      }
    }
  }

  package func copyStrided(_ x: Tensor, shape: Shape, strides: [Int], offset: Int) -> Tensor {
    x.shape.checkStrided(shape: shape, strides: strides, offset: offset)
    defer { withExtendedLifetime(x) {} }
    let view = StridedRuns(shape, strides: strides, offset: offset)
    let source = x.pointer
    return make(shape) { result in
      pool.forEachRows(view.rows, width: view.length) { rows in
        for row in rows {
          let (from, to) = (source + view.offset(row), result + row * view.length)
          switch view.step {
          case 1: to.update(from: from, count: view.length)
          case 0: to.update(repeating: from.pointee, count: view.length)
          default: for i in 0..<view.length { to[i] = from[i * view.step] }
          }
        }
      }
    }
  }

  package func pad(_ x: Tensor, axis: Int, before: Int, after: Int) -> Tensor {
    let shape = x.shape.padded(axis: axis, before: before, after: after)
    defer { withExtendedLifetime(x) {} }
    let axis = x.shape.axis(axis, in: "pad")
    let (outer, inner) = x.shape.around(axis)
    let (source, from, to) = (x.pointer, x.shape[axis] * inner, shape[axis] * inner)
    return make(shape) { result in
      pool.forEachRows(outer, width: to) { rows in
        for row in rows {
          let start = result + row * to
          start.update(repeating: 0, count: before * inner)
          (start + before * inner).update(from: source + row * from, count: from)
          (start + before * inner + from).update(repeating: 0, count: after * inner)
        }
      }
    }
  }

  package func concatenate(_ parts: [Tensor], axis: Int) -> Tensor {
    defer { withExtendedLifetime(parts) {} }
    let shape = Shape.concatenation(parts.map(\.shape), axis: axis)
    let axis = shape.axis(axis, in: "concatenate")
    let (outer, inner) = shape.around(axis)
    let row = shape[axis] * inner
    return make(shape) { result in
      pool.forEachRows(outer, width: row) { rows in
        for index in rows {
          var to = result + index * row
          for part in parts {
            let run = part.shape[axis] * inner
            to.update(from: part.pointer + index * run, count: run)
            to += run
          }
        }
      }
    }
  }

  package func copy(_ source: Tensor, into destination: Tensor, at frame: Int) {
    let (from, to) = (source.shape, destination.shape)
    to.checkRoom(for: from, at: frame)
    defer { withExtendedLifetime((source, destination)) {} }
    let (read, write, run) = (source.pointer, destination.pointer, from[1] * from[2])
    pool.forEachRows(from[0], width: run) { rows in
      for row in rows {
        (write + (row * to[1] + frame) * to[2]).update(from: read + row * run, count: run)
      }
    }
  }
}
