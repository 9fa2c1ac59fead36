import NocturneTensor

extension OperationCase {
  static let segments: [OperationCase] = segmentation + groups

  /// Batch, frames, segment length, width; the number of segments is model.md's.
  private static let segmentation: [OperationCase] = [
    (1, 1, 2, 1), (2, 160, 16, 24), (1, 250, 64, 17), (3, 63, 16, 5), (1, 65, 10, 3), (2, 2500, 64, 2),
  ].flatMap { batch, frames, length, dim in
    let count = (2 * frames + length - 1) / length + 1
    return [
      OperationCase("segment [\(batch), \(frames), \(dim)] by \(length)", .exact) { x in
        [x.normal([batch, frames, dim]).segmented(length: length, count: count)]
      },
      OperationCase("overlapAdd [\(batch), \(count), \(length), \(dim)] to \(frames)", .exact) { x in
        [x.normal([batch, count, length, dim]).overlapAdded(frames: frames)]
      },
    ]
  }

  /// Windows of the blocks, over column counts that they divide and do not divide.
  private static let groups: [OperationCase] = [2, 4, 8, 16].flatMap { window in
    [1, 3, 16, 17, 63, 64].flatMap { columns in
      let groups = (columns + window / 2 - 1) / (window / 2)
      return [
        OperationCase("mergeSegments \(columns) columns by \(window)", .elementwise) { x in
          [x.normal([2, 3, columns, 17]).mergedSegments(window: window)]
        },
        OperationCase("repeatSegments to \(columns) columns by \(window)", .exact) { x in
          [x.normal([2, groups, 3, 17]).repeatedSegments(window: window, columns: columns)]
        },
      ]
    }
  }
}
