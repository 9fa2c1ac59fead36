extension ReferenceBackend {
  package func prepareConvolution(weight: Tensor, bias: Tensor?, geometry: ConvolutionGeometry)
    -> PreparedConvolution
  {
    weight.shape.checkWeights(rank: 3, outputs: 0, bias: bias?.shape, in: "prepareConvolution")
    return PreparedConvolution(
      inputs: weight.shape[1], outputs: weight.shape[0], kernel: weight.shape[2], geometry: geometry,
      payload: ReferenceWeights(taps: weight.permuted([2, 1, 0]), bias: bias))
  }

  package func convolution(
    _ x: Tensor, _ weights: PreparedConvolution, inputSlope: Float, activation: Activation, residual: Tensor?
  ) -> Tensor {
    defer { withExtendedLifetime((x, residual)) {} }
    let shape = weights.outputShape(x.shape, residual: residual?.shape)
    let payload = own(weights.payload, "convolution")
    let (frames, geometry, source) = (x.shape[1], weights.geometry, x.pointer)
    return frameByFrame(shape, payload, activation: activation, residual: residual) { row, frame, sums in
      for tap in 0..<weights.kernel {
        let t = frame * geometry.stride + tap * geometry.dilation - geometry.padLeft
        guard 0..<frames ~= t else { continue }
        payload.accumulate(
          source + (row * frames + t) * weights.inputs, tap: tap, inputSlope: inputSlope, into: sums)
      }
    }
  }

  package func prepareTransposedConvolution(weight: Tensor, bias: Tensor?, geometry: TransposedGeometry)
    -> PreparedTransposedConvolution
  {
    weight.shape.checkWeights(rank: 3, outputs: 1, bias: bias?.shape, in: "prepareTransposedConvolution")
    return PreparedTransposedConvolution(
      inputs: weight.shape[0], outputs: weight.shape[1], kernel: weight.shape[2], geometry: geometry,
      payload: ReferenceWeights(taps: weight.permuted([2, 0, 1]), bias: bias))
  }

  package func transposedConvolution(_ x: Tensor, _ weights: PreparedTransposedConvolution, inputSlope: Float)
    -> Tensor
  {
    defer { withExtendedLifetime(x) {} }
    let shape = weights.outputShape(x.shape)
    let payload = own(weights.payload, "transposedConvolution")
    let (frames, geometry, source) = (x.shape[1], weights.geometry, x.pointer)
    return frameByFrame(shape, payload, activation: .none, residual: nil) { row, frame, sums in
      // Input frame t adds its tap j to the untrimmed frame t * stride + j.
      let untrimmed = frame + geometry.trimLeft
      for tap in 0..<weights.kernel where untrimmed >= tap && (untrimmed - tap) % geometry.stride == 0 {
        let t = (untrimmed - tap) / geometry.stride
        guard t < frames else { continue }
        payload.accumulate(
          source + (row * frames + t) * weights.inputs, tap: tap, inputSlope: inputSlope, into: sums)
      }
    }
  }

  /// [B, T', out]: bias, then what `add` adds to the sums of output frame (row, frame), then activation and residual.
  private func frameByFrame(
    _ shape: Shape, _ weights: ReferenceWeights, activation: Activation, residual: Tensor?,
    _ add: (_ row: Int, _ frame: Int, _ sums: UnsafeMutablePointer<Double>) -> Void
  ) -> Tensor {
    let outputs = shape[2]
    return make(shape) { result in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: outputs) { buffer in
        guard let sums = buffer.baseAddress else { return }
        for row in 0..<shape[0] {
          for frame in 0..<shape[1] {
            let start = (row * shape[1] + frame) * outputs
            weights.start(sums, outputs: outputs)
            add(row, frame, sums)
            ReferenceWeights.finish(
              sums, outputs: outputs, activation: activation, residual: residual.map { $0.pointer + start },
              into: result + start)
          }
        }
      }
    }
  }
}
