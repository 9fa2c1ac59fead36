import CNocturneKernels
package import NocturneTensor

// B batch, S segments, K columns of a segment, D width (model.md 4.4, 4.5).

extension CPUBackend {
  package func segment(_ x: Tensor, length: Int, count: Int) -> Tensor {
    let (shape, hop) = (x.shape.segmented(length: length, count: count), length / 2)
    defer { withExtendedLifetime(x) {} }
    let (source, frames, dim) = (x.pointer, x.shape[1], x.shape[2])
    return make(shape) { result in
      pool.forEachRows(x.shape[0] * count, width: length * dim) { runs in
        for run in runs {
          let (row, index) = run.quotientAndRemainder(dividingBy: count)
          let first = (index - 1) * hop
          let inside = min(max(first, 0), frames)..<max(min(first + length, frames), min(max(first, 0), frames))
          let before = inside.isEmpty ? length : inside.lowerBound - first
          let out = result + run * length * dim
          out.update(repeating: 0, count: before * dim)
          (out + before * dim).update(
            from: source + (row * frames + inside.lowerBound) * dim, count: inside.count * dim)
          let end = before + inside.count
          (out + end * dim).update(repeating: 0, count: (length - end) * dim)
        }
      }
    }
  }

  package func overlapAdd(_ x: Tensor, frames: Int) -> Tensor {
    let shape = x.shape.overlapAdded(frames: frames)
    let (batch, count, hop, dim) = (x.shape[0], x.shape[1], x.shape[2] / 2, x.shape[3])
    defer { withExtendedLifetime(x) {} }
    let source = x.pointer
    return make(shape) { result in
      // Cropped frames of block i: the second half of segment i and the first half of segment i + 1.
      let blocks = (frames + max(hop, 1) - 1) / max(hop, 1)
      pool.forEachRows(batch * blocks, width: hop * dim) { runs in
        for run in runs {
          let (row, block) = run.quotientAndRemainder(dividingBy: blocks)
          let size = min(hop, frames - block * hop) * dim
          let second = source + ((row * count + block) * 2 + 1) * hop * dim
          let out = result + (row * frames + block * hop) * dim
          if block + 1 < count {
            kernels.table.binary(NK_ADD, second + hop * dim, 1, second, 1, out, size)
          } else {
            out.update(from: second, count: size)
          }
        }
      }
    }
  }

  package func mergeSegments(_ x: Tensor, window: Int) -> Tensor {
    let shape = x.shape.mergedSegments(window: window)
    defer { withExtendedLifetime(x) {} }
    let (source, batch, count, columns, dim) = (x.pointer, x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let (groups, hop) = (shape[1], window / 2)
    return make(shape) { result in
      pool.forEachRows(batch * count, width: columns * dim) { runs in
        for run in runs {
          let (row, index) = run.quotientAndRemainder(dividingBy: count)
          for group in 0..<groups {
            let first = group * hop - hop / 2
            let inside = max(first, 0)..<max(min(first + window, columns), max(first, 0))
            kernels.table.sum_rows(
              source + (run * columns + inside.lowerBound) * dim, dim, inside.count, 1 / Float(window),
              result + ((row * groups + group) * count + index) * dim, dim)
          }
        }
      }
    }
  }

  package func repeatSegments(_ x: Tensor, window: Int, columns: Int) -> Tensor {
    let (shape, hop) = (x.shape.repeatedSegments(window: window, columns: columns), window / 2)
    defer { withExtendedLifetime(x) {} }
    let (source, batch, groups, count, dim) = (x.pointer, x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    return make(shape) { result in
      pool.forEachRows(batch * count, width: columns * dim) { runs in
        for run in runs {
          let (row, index) = run.quotientAndRemainder(dividingBy: count)
          for column in 0..<columns {
            (result + (run * columns + column) * dim).update(
              from: source + ((row * groups + column / hop) * count + index) * dim, count: dim)
          }
        }
      }
    }
  }
}
