// Default bodies, composed from the first tier for clarity: they are the oracles of the fused versions.

extension Backend {
  package func gatedSilu(gate: Tensor, up: Tensor) -> Tensor {
    gate.shape.checkGated(up.shape)
    return binary(.multiply, unary(.silu, gate), up)
  }

  package func modulate(_ x: Tensor, scale: Tensor, shift: Tensor) -> Tensor {
    x.shape.checkModulation(scale: scale.shape, shift: shift.shape)
    let row: Shape = [x.shape[0], 1, x.shape[2]]
    return binary(.add, binary(.multiply, x, scale.reshaped(row)), shift.reshaped(row))
  }

  package func simpleRecurrence(projected: Tensor, input: Tensor, cell: Tensor, bias: Tensor, skipScale: Float)
    -> Tensor
  {
    let (rows, steps, units) = input.shape.checkRecurrence(
      projected: projected.shape, cell: cell.shape, bias: bias.shape)
    let directions = (0..<2).map { direction in
      let order = direction == 0 ? Array(0..<steps) : (0..<steps).reversed()
      /// Candidate, forget and reset of this direction: [R, U] at one step.
      func matrix(_ index: Int, at step: Int) -> Tensor {
        copyStrided(
          projected, shape: [rows, units], strides: [steps * 6 * units, 1],
          offset: ((step * 2 + direction) * 3 + index) * units)
      }
      func gate(_ index: Int, _ source: Tensor) -> Tensor {
        source.rows(index..<index + 1).reshaped([2, units]).rows(direction..<direction + 1)
      }
      var state = Tensor.full(0, shape: [rows, units], on: self)
      var outputs = [Int: Tensor]()
      for step in order {
        let skip = unary(
          .affine(scale: skipScale, offset: 0),
          copyStrided(
            input, shape: [rows, units], strides: [steps * 2 * units, 1],
            offset: (step * 2 + direction) * units))
        let forget = unary(.sigmoid, matrix(1, at: step) + gate(0, cell) * state + gate(0, bias))
        let reset = unary(.sigmoid, matrix(2, at: step) + gate(1, cell) * state + gate(1, bias))
        state = forget * state + (1 - forget) * matrix(0, at: step)
        outputs[step] = (reset * state + (1 - reset) * skip).reshaped([rows, 1, units])
      }
      return concatenate((0..<steps).map { outputs[$0]! }, axis: 1)
    }
    return concatenate(directions, axis: 2)
  }
}
