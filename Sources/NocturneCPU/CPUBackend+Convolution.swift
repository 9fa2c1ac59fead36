import CNocturneKernels
package import NocturneTensor

extension CPUBackend {
  package func prepareConvolution(weight: Tensor, bias: Tensor?, geometry: ConvolutionGeometry)
    -> PreparedConvolution
  {
    weight.shape.checkWeights(rank: 3, outputs: 0, bias: bias?.shape, in: "prepareConvolution")
    let (outputs, inputs, kernel) = (weight.shape[0], weight.shape[1], weight.shape[2])
    let layout = PackedWeights.Layout(
      outputs: outputs, inputs: inputs, taps: kernel, outputStep: inputs * kernel, inputStep: kernel, tapStep: 1,
      rowStep: geometry.stride)
    return PreparedConvolution(
      inputs: inputs, outputs: outputs, kernel: kernel, geometry: geometry,
      payload: PackedWeights(weight, layout: layout, bias: bias, number: number, backend: self))
  }

  package func convolution(
    _ x: Tensor, _ weights: PreparedConvolution, inputSlope: Float, activation: Activation, residual: Tensor?
  ) -> Tensor {
    let shape = weights.outputShape(x.shape, residual: residual?.shape)
    guard let packed = weights.payload as? PackedWeights else {
      preconditionFailure("convolution: weights prepared by another backend (\(type(of: weights.payload)))")
    }
    defer { withExtendedLifetime((x, residual)) {} }
    let geometry = weights.geometry
    let (source, frames, outFrames) = (x.pointer, x.shape[1], shape[1])
    let window = FrameWindow(packed, backend: self, inputSlope: inputSlope)
    let span = geometry.dilation * (weights.kernel - 1) + 1
    let plan = ProductPlan(
      rows: outFrames, rowBytes: geometry.stride * window.rowBytes, haloBytes: span * window.rowBytes,
      bounds: kernels.tileBounds, fixedRows: usesOneDNN ? PackedWeights.oneDNNRows : nil,
      units: packed.columnUnits, threads: max(1, threads / max(shape[0], 1)))
    let residual = residual.map { UnsafePointer($0.pointer) }
    return make(shape) { result in
      pool.forEach(shape[0] * plan.tasks) { index in
        let (row, task) = index.quotientAndRemainder(dividingBy: plan.tasks)
        let out = plan.rows(plan.tile(task), of: outFrames)
        // The window holds whole tiles: oneDNN reads all rows of one, whether or not they matter.
        let a = window.prepare(
          source + row * frames * weights.inputs, frames: frames,
          from: out.lowerBound * geometry.stride - geometry.padLeft,
          count: (plan.tileRows - 1) * geometry.stride + span)
        let start = (row * outFrames + out.lowerBound) * weights.outputs
        var tile = nk_product()
        tile.a = UnsafeRawPointer(a)
        tile.a_row = geometry.stride * window.stride
        tile.a_tap = geometry.dilation * window.stride
        tile.rows = Int32(out.count)
        tile.finish.out = result + start
        tile.finish.out_row = weights.outputs
        tile.finish.residual = residual.map { $0 + start }
        tile.finish.residual_row = weights.outputs
        tile.finish.activation = activation.kernel
        packed.multiply(tile, units: plan.units(task, of: packed.columnUnits), kernels: kernels)
      }
    }
  }
}
