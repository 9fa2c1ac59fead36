// Result shapes of the prepared products; they trap on misfits with the operation's name.

extension PreparedLinear {
  package func outputShape(_ x: Shape, residual: Shape?) -> Shape {
    precondition(x.rank >= 1 && x[-1] == inputs, "linear: \(x) with weights [\(outputs), \(inputs)]")
    let shape = Shape(x.extents.dropLast() + [outputs])
    precondition(residual ?? shape == shape, "linear: residual \(residual ?? shape) for result \(shape)")
    return shape
  }
}

extension PreparedConvolution {
  package func outputShape(_ x: Shape, residual: Shape?) -> Shape {
    let span = geometry.dilation * (kernel - 1) + 1
    precondition(
      x.rank == 3 && x[2] == inputs && x[1] + geometry.padLeft + geometry.padRight >= span,
      "convolution: \(x) with weights [\(outputs), \(inputs), \(kernel)], \(geometry)")
    let shape: Shape = [x[0], geometry.outputFrames(x[1], kernel: kernel), outputs]
    precondition(residual ?? shape == shape, "convolution: residual \(residual ?? shape) for result \(shape)")
    return shape
  }
}

extension PreparedTransposedConvolution {
  package func outputShape(_ x: Shape) -> Shape {
    precondition(
      x.rank == 3 && x[2] == inputs && x[1] > 0,
      "transposedConvolution: \(x) with weights [\(inputs), \(outputs), \(kernel)]")
    let frames = (x[1] - 1) * geometry.stride + kernel - geometry.trimLeft - geometry.trimRight
    precondition(frames >= 0, "transposedConvolution: \(x) trimmed below nothing by \(geometry)")
    return [x[0], frames, outputs]
  }
}
