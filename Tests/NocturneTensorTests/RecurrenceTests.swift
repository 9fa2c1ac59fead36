import Foundation
import NocturneTensor
import NocturneTesting
import Testing

@Suite struct RecurrenceTests {
  let backend = ReferenceBackend()
  let rows = 3
  let steps = 7
  let units = 5
  let alpha = 3.0.squareRoot()

  /// One direction, unit and row at a time, scalar by scalar (model.md 7.1).
  private func direct(_ projected: Grid, _ input: Grid, _ cell: Grid, _ bias: Grid) -> [Float] {
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    var result = [Double](repeating: 0, count: rows * steps * 2 * units)
    for row in 0..<rows {
      for direction in 0..<2 {
        for unit in 0..<units {
          var c = 0.0
          for step in 0..<steps {
            let t = direction == 0 ? step : steps - 1 - step
            let f = sigmoid(
              projected[row, t, direction, 1, unit] + cell[0, direction, unit] * c + bias[0, direction, unit])
            let r = sigmoid(
              projected[row, t, direction, 2, unit] + cell[1, direction, unit] * c + bias[1, direction, unit])
            c = f * c + (1 - f) * projected[row, t, direction, 0, unit]
            let channel = direction * units + unit
            result[(row * steps + t) * 2 * units + channel] = r * c + (1 - r) * alpha * input[row, t, channel]
          }
        }
      }
    }
    return result.map { Float($0) }
  }

  private func recurrence(_ projected: Tensor, _ input: Tensor, _ cell: Tensor, _ bias: Tensor) -> Tensor {
    backend.simpleRecurrence(projected: projected, input: input, cell: cell, bias: bias, skipScale: Float(alpha))
  }

  @Test func scanEqualsAStepByStepReference() {
    let x = CaseInputs(name: "recurrence", backend: backend)
    let (projected, input) = (x.normal([rows, steps, 2, 3, units], scale: 2), x.normal([rows, steps, 2 * units]))
    let (cell, bias) = (x.normal([2, 2, units]), x.normal([2, 2, units]))
    let result = direct(Grid(projected), Grid(input), Grid(cell), Grid(bias))
    #expect(relativeError(recurrence(projected, input, cell, bias).values, result) < 1e-6)
  }

  @Test func reversingTheInputSwapsTheDirections() {
    let x = CaseInputs(name: "reversal", backend: backend)
    let (projected, input) = (x.normal([rows, steps, 2, 3, units]), x.normal([rows, steps, 2 * units]))
    let (cell, bias) = (x.normal([2, 2, units]), x.normal([2, 2, units]))
    /// Steps backwards, the two halves of `axis` (the directions) exchanged.
    func mirrored(_ x: Tensor, axis: Int) -> Tensor {
      let backwards =
        axis == 1 ? x : Tensor.concatenated((0..<steps).reversed().map { x.sliced(axis: 1, $0..<$0 + 1) }, axis: 1)
      let half = x.shape[axis] / 2
      return Tensor.concatenated(
        [backwards.sliced(axis: axis, half..<2 * half), backwards.sliced(axis: axis, 0..<half)], axis: axis)
    }
    let plain = recurrence(projected, input, cell, bias)
    let turned = recurrence(
      mirrored(projected, axis: 2), mirrored(input, axis: 2), mirrored(cell, axis: 1), mirrored(bias, axis: 1))
    #expect(turned.values == mirrored(plain, axis: 2).values)
    #expect(turned.values != plain.values)
  }

  @Test func closedResetGatePassesTheScaledInputThrough() {
    let x = CaseInputs(name: "skip", backend: backend)
    let input = x.normal([rows, steps, 2 * units])
    let zero = Tensor.full(0, shape: [2, 2, units], on: backend)
    let closed = Tensor.concatenated(
      [Tensor.full(0, shape: [1, 2, units], on: backend), Tensor.full(-200, shape: [1, 2, units], on: backend)], axis: 0
    )
    let found = recurrence(x.normal([rows, steps, 2, 3, units]), input, zero, closed)
    #expect(relativeError(found.values, (input * Float(3).squareRoot()).values) < 1e-6)
  }
}
