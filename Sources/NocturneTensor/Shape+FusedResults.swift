// The result shapes of the second tier, and what it asks of its inputs, for defaults and backends alike.

extension Shape {
  /// For `rotate`: [B, T, H * d] with a position for each t.
  package func checkRotation(heads: Int, positions: Int) {
    precondition(
      rank == 3 && heads > 0 && self[2] % (2 * heads) == 0 && positions == self[1],
      "rotate: \(self) as \(heads) heads at \(positions) positions")
  }

  /// For norms of this shape, and of its sum with `other`: a weight, and a bias, for each element of the innermost axis.
  package func checkNorm(adding other: Shape?, weight: Shape, bias: Shape? = nil, in operation: String) {
    precondition(
      weight == [self[-1]] && bias ?? weight == weight,
      "\(operation): weight \(weight)\(bias.map { " and bias \($0)" } ?? "") for input \(self)")
    precondition(other ?? self == self, "\(operation): adding \(other ?? []) to \(self)")
  }

  /// For `gatedSilu`, of a gate of this shape.
  package func checkGated(_ up: Shape) { precondition(self == up, "gatedSilu: gate \(self), up \(up)") }

  /// For `modulate`: [R, K, D] by [R, D].
  package func checkModulation(scale: Shape, shift: Shape) {
    precondition(
      rank == 3 && scale == [self[0], self[2]] && shift == scale,
      "modulate: \(self) by scale \(scale), shift \(shift)")
  }

  /// For `simpleRecurrence`, of an input of this shape [R, K, 2U] -> R, K, U.
  package func checkRecurrence(projected: Shape, cell: Shape, bias: Shape) -> (rows: Int, steps: Int, units: Int) {
    let (rows, steps, units) = rank == 3 ? (self[0], self[1], self[2] / 2) : (0, 0, 0)
    precondition(
      rank == 3 && self[2] == 2 * units && projected == [rows, steps, 2, 3, units] && cell == [2, 2, units]
        && bias == cell,
      "simpleRecurrence: projected \(projected), input \(self), cell \(cell), bias \(bias)")
    return (rows, steps, units)
  }

  /// [B, L, D] -> [B, S, K, D] (model.md 4.4).
  package func segmented(length: Int, count: Int) -> Shape {
    precondition(
      rank == 3 && length > 0 && length % 2 == 0 && count * (length / 2) >= self[1],
      "segment: \(self) into \(count) rows of \(length)")
    return [self[0], count, length, self[2]]
  }

  /// [B, S, K, D] -> [B, frames, D] (model.md 4.4).
  package func overlapAdded(frames: Int) -> Shape {
    precondition(
      rank == 4 && self[2] % 2 == 0 && frames <= self[1] * (self[2] / 2), "overlapAdd: \(self) to \(frames) frames")
    return [self[0], frames, self[3]]
  }

  /// [B, S, K, D] -> [B, Kms, S, D] (model.md 4.5).
  package func mergedSegments(window: Int) -> Shape {
    precondition(rank == 4 && window >= 2 && window % 2 == 0, "mergeSegments: \(self) by \(window)")
    let hop = window / 2
    return [self[0], (self[2] + hop - 1) / hop, self[1], self[3]]
  }

  /// [B, Kms, S, D] -> [B, S, columns, D] (model.md 4.5).
  package func repeatedSegments(window: Int, columns: Int) -> Shape {
    precondition(
      rank == 4 && window >= 2 && window % 2 == 0 && columns <= self[1] * (window / 2),
      "repeatSegments: \(self) by \(window) to \(columns) columns")
    return [self[0], self[2], columns, self[3]]
  }
}
