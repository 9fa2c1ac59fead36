import CNocturneKernels
package import NocturneTensor

/// A transposed convolution as `stride` ordinary ones: untrimmed output frame t * stride + p is the sum over j of
/// x[t - j] W[p + j * stride], so each phase p is a product of its own whose frames interleave with the others'.
struct TransposedPhases: Sendable {
  let phases: [PackedWeights]
  /// The most taps of a phase.
  let reach: Int
}

extension CPUBackend {
  package func prepareTransposedConvolution(weight: Tensor, bias: Tensor?, geometry: TransposedGeometry)
    -> PreparedTransposedConvolution
  {
    weight.shape.checkWeights(rank: 3, outputs: 1, bias: bias?.shape, in: "prepareTransposedConvolution")
    let (inputs, outputs, kernel) = (weight.shape[0], weight.shape[1], weight.shape[2])
    let phases = (0..<geometry.stride).map { phase in
      let layout = PackedWeights.Layout(
        outputs: outputs, inputs: inputs, taps: max(0, (kernel - phase + geometry.stride - 1) / geometry.stride),
        outputStep: kernel, inputStep: outputs * kernel, tapStep: geometry.stride, offset: min(phase, kernel - 1))
      return PackedWeights(weight, layout: layout, bias: bias, number: number, backend: self)
    }
    return PreparedTransposedConvolution(
      inputs: inputs, outputs: outputs, kernel: kernel, geometry: geometry,
      payload: TransposedPhases(phases: phases, reach: phases.map(\.taps).max() ?? 0))
  }

  package func transposedConvolution(_ x: Tensor, _ weights: PreparedTransposedConvolution, inputSlope: Float)
    -> Tensor
  {
    let shape = weights.outputShape(x.shape)
    guard let prepared = weights.payload as? TransposedPhases, let first = prepared.phases.first else {
      preconditionFailure(
        "transposedConvolution: weights prepared by another backend (\(type(of: weights.payload)))")
    }
    defer { withExtendedLifetime(x) {} }
    let (source, frames, outFrames, stride) = (x.pointer, x.shape[1], shape[1], weights.geometry.stride)
    let trim = weights.geometry.trimLeft
    let window = FrameWindow(first, backend: self, inputSlope: inputSlope)
    // Rows of the products: the t whose frames t * stride + p survive the trimming for some p.
    let lowest = trim / stride
    let rows = max(0, (trim + outFrames + stride - 1) / stride - lowest)
    let plan = ProductPlan(
      rows: rows, rowBytes: window.rowBytes, haloBytes: prepared.reach * window.rowBytes,
      bounds: kernels.tileBounds, fixedRows: usesOneDNN ? PackedWeights.oneDNNRows : nil,
      units: first.columnUnits, threads: max(1, threads / max(shape[0], 1)))
    return make(shape) { result in
      pool.forEach(shape[0] * plan.tasks) { index in
        let (row, task) = index.quotientAndRemainder(dividingBy: plan.tasks)
        let tile = plan.rows(plan.tile(task), of: rows)
        let halo = max(prepared.reach - 1, 0)
        // oneDNN reads a whole tile from wherever a phase starts in it: one row more.
        let a = window.prepare(
          source + row * frames * weights.inputs, frames: frames, from: lowest + tile.lowerBound - halo,
          count: halo + plan.tileRows + 1)
        for (phase, packed) in prepared.phases.enumerated() {
          // Output frame of row r of this phase: (lowest + r) * stride + phase - trim.
          let origin = lowest * stride + phase - trim
          let begin = max(tile.lowerBound, origin < 0 ? 1 : 0)
          let end = min(tile.upperBound, outFrames <= origin ? 0 : (outFrames - 1 - origin) / stride + 1)
          guard begin < end else { continue }
          var product = nk_product()
          product.a = UnsafeRawPointer(a + (halo + begin - tile.lowerBound) * window.rowBytes)
          product.a_row = window.stride
          product.a_tap = -window.stride
          product.rows = Int32(end - begin)
          product.finish.out = result + (row * outFrames + origin + begin * stride) * weights.outputs
          product.finish.out_row = stride * weights.outputs
          packed.multiply(product, units: plan.units(task, of: packed.columnUnits), kernels: kernels)
        }
      }
    }
  }
}
