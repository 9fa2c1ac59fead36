import NocturneTensor

extension OperationCase {
  static let rearrangements: [OperationCase] =
    strided
    + [1, 3, 65].flatMap { dim in
      [1, 17, 250].map { count in
        OperationCase("gather \(count) of [40, \(dim)]", .exact) { x in
          [x.normal([40, dim]).gathered(x.indices(count, below: 40))]
        }
      }
    }
    + [([5], 0), ([3, 17], 0), ([3, 17], -1), ([2, 17, 65], 1), ([2, 0, 3], 1)].flatMap { (shape: Shape, axis: Int) in
      [(0, 0), (1, 0), (0, 2), (3, 16)].map { before, after in
        OperationCase("pad \(shape) axis \(axis) by \(before), \(after)", .exact) { x in
          [x.normal(shape).padded(axis: axis, before: before, after: after)]
        }
      }
    }
    + [0, 1, 2, -1].flatMap { axis in
      [[5], [1, 3], [3, 0, 65, 17]].map { extents in
        OperationCase("concatenate \(extents) along \(axis)", .exact) { x in
          let parts = extents.map { extent in
            var shape = [2, 3, 7]
            shape[axis < 0 ? 2 : axis] = extent
            return x.normal(Shape(shape))
          }
          return [Tensor.concatenated(parts, axis: axis)]
        }
      }
    }
    + [(1, 0), (1, 8), (3, 2), (9, 0)].flatMap { frames, at in
      [1, 3].map { batch in
        OperationCase("copy \(frames) frames of \(batch) rows at \(at)", .exact) { x in
          let cache = x.normal([batch, 9, 17])
          x.backend.copy(x.normal([batch, frames, 17]), into: cache, at: at)
          return [cache]
        }
      }
    }

  /// Name, input, shape, strides, offset.
  private static let strided: [OperationCase] = {
    let copies: [(String, Shape, Shape, [Int], Int)] = [
      ("whole", [3, 17], [3, 17], [17, 1], 0), ("transposition", [17, 65], [65, 17], [1, 65], 0),
      ("inner slice", [17, 65], [17, 31], [65, 1], 3), ("outer slice", [2, 17, 65], [2, 5, 65], [1105, 65, 1], 130),
      ("overlapping windows", [100], [9, 16], [8, 1], 0), ("outer repeat", [17], [5, 17], [0, 1], 0),
      ("inner repeat", [17], [17, 5], [1, 0], 0), ("every third", [60, 3], [20, 3], [9, 1], 3),
      ("reversal", [17], [17], [-1], 16), ("one element", [17], [], [], 9), ("nothing", [17], [0, 4], [4, 1], 0),
      ("heads apart", [2, 17, 60], [2, 3, 17, 20], [1020, 20, 60, 1], 0),
      ("axes reversed", [3, 5, 7, 2], [2, 7, 5, 3], [1, 2, 14, 70], 0),
      ("windows in five axes", [2, 3, 18, 5], [2, 8, 3, 4, 5], [270, 10, 90, 5, 1], 0),
    ]
    return copies.map { name, input, shape, strides, offset in
      OperationCase("copyStrided \(name)", .exact) { x in
        [x.backend.copyStrided(x.normal(input), shape: shape, strides: strides, offset: offset)]
      }
    } + [
      OperationCase("copyStrided of rows inside a larger tensor", .exact) { x in
        [x.normal([5, 3, 17]).rows(2..<4).transposed(0, 2)]
      }
    ]
  }()
}
