extension ReferenceBackend {
  package func matmul(_ x: Tensor, _ y: Tensor, transposeY: Bool) -> Tensor {
    let shape = Shape.product(x.shape, y.shape, transposeY: transposeY)
    let (rows, inner, columns) = (x.shape[-2], x.shape[-1], shape[-1])
    let rank = y.shape.rank
    let y = transposeY ? y.transposed(-2, -1) : y
    defer { withExtendedLifetime((x, y)) {} }
    let (left, right) = (x.pointer, y.pointer)
    let matrices = x.shape.extents.dropLast(2).reduce(1, *)
    let yStep = rank == 2 ? 0 : inner * columns
    return make(shape) { result in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: columns) { buffer in
        guard let sums = buffer.baseAddress else { return }
        for row in 0..<matrices * rows {
          let matrix = right + (row / rows) * yStep
          buffer.initialize(repeating: 0)
          for k in 0..<inner { addScaled(matrix + k * columns, by: left[row * inner + k], into: sums, count: columns) }
          for column in 0..<columns { result[row * columns + column] = Float(sums[column]) }
        }
      }
    }
  }

  package func prepareLinear(weight: Tensor, bias: Tensor?, robust: Bool) -> PreparedLinear {
    weight.shape.checkWeights(rank: 2, outputs: 0, bias: bias?.shape, in: "prepareLinear")
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let taps = weight.permuted([1, 0]).reshaped([1, inputs, outputs])
    return PreparedLinear(inputs: inputs, outputs: outputs, payload: ReferenceWeights(taps: taps, bias: bias))
  }

  package func linear(_ x: Tensor, _ weights: PreparedLinear, activation: Activation, residual: Tensor?) -> Tensor {
    defer { withExtendedLifetime((x, residual)) {} }
    let shape = weights.outputShape(x.shape, residual: residual?.shape)
    let payload = own(weights.payload, "linear")
    let (inputs, outputs, source) = (weights.inputs, weights.outputs, x.pointer)
    return make(shape) { result in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: outputs) { buffer in
        guard let sums = buffer.baseAddress else { return }
        for row in 0..<x.shape.extents.dropLast().reduce(1, *) {
          payload.start(sums, outputs: outputs)
          payload.accumulate(source + row * inputs, tap: 0, inputSlope: 1, into: sums)
          ReferenceWeights.finish(
            sums, outputs: outputs, activation: activation, residual: residual.map { $0.pointer + row * outputs },
            into: result + row * outputs)
        }
      }
    }
  }

  func own(_ payload: any Sendable, _ operation: String) -> ReferenceWeights {
    guard let weights = payload as? ReferenceWeights else {
      preconditionFailure("\(operation): weights prepared by another backend (\(type(of: payload)))")
    }
    return weights
  }
}
