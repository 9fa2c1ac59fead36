import CNocturneKernels
package import NocturneTensor

extension CPUBackend {
  package func prepareLinear(weight: Tensor, bias: Tensor?, robust: Bool) -> PreparedLinear {
    precondition(
      weight.shape.rank == 2 && bias?.shape ?? [weight.shape[0]] == [weight.shape[0]],
      "prepareLinear: weight \(weight.shape), bias \(bias?.shape ?? [])")
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let layout = PackedWeights.Layout(
      outputs: outputs, inputs: inputs, taps: 1, outputStep: inputs, inputStep: 1, tapStep: 0)
    return PreparedLinear(
      inputs: inputs, outputs: outputs,
      payload: PackedWeights(
        weight, layout: layout, bias: bias, number: robust && roundsToInt8 ? NK_INT8 : number, backend: self))
  }

  package func linear(_ x: Tensor, _ weights: PreparedLinear, activation: Activation, residual: Tensor?) -> Tensor {
    let shape = weights.outputShape(x.shape, residual: residual?.shape)
    guard let packed = weights.payload as? PackedWeights else {
      preconditionFailure("linear: weights prepared by another backend (\(type(of: weights.payload)))")
    }
    defer { withExtendedLifetime((x, residual)) {} }
    let rows = weights.inputs == 0 ? 0 : x.shape.count / weights.inputs
    return make(shape) { result in
      multiply(
        x.pointer, rows: rows, packed, activation: activation, residual: residual?.pointer, into: result)
    }
  }

  /// result [rows, outputs] = activation(x [rows, inputs] W + b) + residual.
  private func multiply(
    _ x: UnsafePointer<Float>, rows: Int, _ weights: PackedWeights, activation: Activation,
    residual: UnsafePointer<Float>?, into result: UnsafeMutablePointer<Float>
  ) {
    let bytes = kernels.preparedBytes(weights.number)
    let stride = preparedStride(weights.depth, bytes: bytes)
    let plan = ProductPlan(
      rows: rows, rowBytes: stride * bytes, bounds: kernels.tileBounds,
      fixedRows: usesOneDNN ? PackedWeights.oneDNNRows : nil, units: weights.columnUnits, threads: threads)
    func run(_ task: Int, on a: UnsafeRawPointer, rows: Range<Int>) {
      let (start, outputs) = (rows.lowerBound, weights.outputs)
      var tile = nk_product()
      tile.a = a
      tile.a_row = stride
      tile.rows = Int32(rows.count)
      tile.finish.out = result + start * outputs
      tile.finish.out_row = outputs
      tile.finish.residual = residual.map { $0 + start * outputs }
      tile.finish.residual_row = outputs
      tile.finish.activation = activation.kernel
      weights.multiply(tile, units: plan.units(task, of: weights.columnUnits), kernels: kernels)
    }
    func prepare(_ rows: Range<Int>, into a: UnsafeMutableRawPointer) {
      prepareRows(
        x + rows.lowerBound * weights.inputs, step: weights.inputs, count: rows.count, weights: weights, slope: 1,
        into: a, stride: stride)
    }
    if plan.groups == 1 {
      pool.forEach(plan.tiles) { tile in
        let rows = plan.rows(tile, of: rows)
        let a = scratch(NK_SCRATCH_ROWS, bytes: plan.tileRows * stride * bytes)
        prepare(rows, into: a)
        run(tile, on: a, rows: rows)
      }
    } else {
      // Several tasks read one tile's rows: all are prepared first, in the calling thread's scratch.
      let tileBytes = plan.tileRows * stride * bytes
      let a = scratch(NK_SCRATCH_ROWS, bytes: plan.tiles * tileBytes)
      pool.forEach(plan.tiles) { tile in prepare(plan.rows(tile, of: rows), into: a + tile * tileBytes) }
      pool.forEach(plan.tasks) { task in
        let tile = plan.tile(task)
        run(task, on: a + tile * tileBytes, rows: plan.rows(tile, of: rows))
      }
    }
  }
}
