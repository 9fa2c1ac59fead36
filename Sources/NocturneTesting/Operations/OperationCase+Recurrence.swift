import NocturneTensor

extension OperationCase {
  /// Rows, steps, units.
  static let recurrences: [OperationCase] =
    [(1, 1, 1), (3, 5, 17), (21, 16, 48), (2, 64, 384), (1, 250, 3), (17, 2, 65)].map { rows, steps, units in
      OperationCase("simpleRecurrence [\(rows), \(steps)] of \(units) units", .elementwise) { x in
        let projected = x.normal([rows, steps, 2, 3, units], scale: 2)
        let (input, cell, bias) = (
          x.normal([rows, steps, 2 * units]), x.normal([2, 2, units]), x.normal([2, 2, units])
        )
        return [
          x.backend.simpleRecurrence(
            projected: projected, input: input, cell: cell, bias: bias, skipScale: Float(3).squareRoot())
        ]
      }
    }
    + [(1, 1, 1), (3, 17, 65), (21, 16, 96), (80, 64, 17)].map { rows, columns, dim in
      OperationCase("modulate [\(rows), \(columns), \(dim)]", .elementwise) { x in
        [x.normal([rows, columns, dim]).modulated(scale: x.normal([rows, dim]), shift: x.normal([rows, dim]))]
      }
    }
}
