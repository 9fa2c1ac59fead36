import CNocturneKernels
package import NocturneTensor

extension CPUBackend {
  package func prepareLinear(weight: Tensor, bias: Tensor?, robust: Bool) -> PreparedLinear {
    weight.shape.checkWeights(rank: 2, outputs: 0, bias: bias?.shape, in: "prepareLinear")
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
    defer { withExtendedLifetime((x, residual)) {} }
    return make(shape) { result in
      var product = Product(weights, into: result)
      product.activation = activation
      product.residual = residual.map { UnsafePointer($0.pointer) }
      multiply(x, [product])
    }
  }

  package func linears(_ x: Tensor, _ layers: [PreparedLinear]) -> [Tensor] {
    defer { withExtendedLifetime(x) {} }
    let results = layers.map { layer in
      let shape = layer.outputShape(x.shape, residual: nil)
      return Tensor(shape: shape, backend: self, storage: allocate(count: shape.count))
    }
    defer { withExtendedLifetime(results) {} }
    let products = zip(layers, results).map { Product($0, into: $1.pointer) }
    // Rows are prepared once for all layers that read them in the same form.
    if let first = products.first?.weights, products.allSatisfy({ $0.weights.readsRows(as: first) }) {
      multiply(x, products)
    } else {
      for product in products { multiply(x, [product]) }
    }
    return results
  }

  /// result [rows, outputs] = activation(x [rows, inputs] W + b) + residual.
  private struct Product {
    let weights: PackedWeights
    let result: UnsafeMutablePointer<Float>
    var activation = Activation.none
    var residual: UnsafePointer<Float>?

    init(_ layer: PreparedLinear, into result: UnsafeMutablePointer<Float>) {
      guard let packed = layer.payload as? PackedWeights else {
        preconditionFailure("linear: weights prepared by another backend (\(type(of: layer.payload)))")
      }
      weights = packed
      self.result = result
    }

    /// Computes the units of columns `units` of the rows prepared at `a`.
    func run(_ units: Range<Int>, rows: Range<Int>, at a: UnsafeRawPointer, stride: Int, kernels: KernelTable) {
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
      weights.multiply(tile, units: units, kernels: kernels)
    }
  }

  /// Products of the same rows, whose columns are cut into tasks as if they were one product's.
  private func multiply(_ x: Tensor, _ products: [Product]) {
    guard let form = products.first?.weights else { return }
    let rows = form.inputs == 0 ? 0 : x.shape.count / form.inputs
    let bytes = kernels.preparedBytes(form.number)
    let stride = preparedStride(form.depth, bytes: bytes)
    let units = products.reduce(0) { $0 + $1.weights.columnUnits }
    let plan = ProductPlan(
      rows: rows, rowBytes: stride * bytes, bounds: kernels.tileBounds,
      fixedRows: usesOneDNN ? PackedWeights.oneDNNRows : nil, units: units, threads: threads)
    let source = x.pointer
    func run(_ task: Int, on a: UnsafeRawPointer, rows: Range<Int>) {
      let wanted = plan.units(task, of: units)
      var first = 0
      for product in products {
        let own = first..<first + product.weights.columnUnits
        let some = wanted.clamped(to: own)
        if !some.isEmpty {
          let units = some.lowerBound - first..<some.upperBound - first
          product.run(units, rows: rows, at: a, stride: stride, kernels: kernels)
        }
        first = own.upperBound
      }
    }
    func prepare(_ rows: Range<Int>, into a: UnsafeMutableRawPointer) {
      prepareRows(
        source + rows.lowerBound * form.inputs, step: form.inputs, count: rows.count, weights: form, slope: 1,
        into: a, stride: stride)
    }
    let rowBytes = stride * bytes
    if plan.groups == 1 {
      pool.forEach(plan.tiles) { tile in
        let rows = plan.rows(tile, of: rows)
        let a = scratch(NK_SCRATCH_ROWS, bytes: plan.tileRows * rowBytes)
        prepare(rows, into: a)
        run(tile, on: a, rows: rows)
      }
    } else {
      // Several tasks read one tile's rows: all are prepared first, in the calling thread's scratch.
      let a = scratch(NK_SCRATCH_ROWS, bytes: plan.tiles * plan.tileRows * rowBytes)
      pool.forEachRows(rows, width: form.inputs) { rows in prepare(rows, into: a + rows.lowerBound * rowBytes) }
      pool.forEach(plan.tasks) { task in
        let rows = plan.rows(plan.tile(task), of: rows)
        run(task, on: a + rows.lowerBound * rowBytes, rows: rows)
      }
    }
  }
}
