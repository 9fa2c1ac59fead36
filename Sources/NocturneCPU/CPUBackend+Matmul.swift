import CNocturneKernels
package import NocturneTensor

extension CPUBackend {
  /// Always f32 products: neither side is a weight.
  package func matmul(_ x: Tensor, _ y: Tensor, transposeY: Bool) -> Tensor {
    let shape = Shape.product(x.shape, y.shape, transposeY: transposeY)
    defer { withExtendedLifetime((x, y)) {} }
    let (inner, columns) = (x.shape[-1], shape[-1])
    // One matrix for all of x, or one for each of its own.
    let matrices = y.shape.rank == 2 ? 1 : x.shape.extents.dropLast(2).reduce(1, *)
    let rows = matrices == 0 ? 0 : x.shape.extents.dropLast().reduce(1, *) / matrices
    let (left, right) = (x.pointer, y.pointer)
    let panels = PackedWeights.panels(columns)
    let panelBytes = nk_panel_bytes(1, Int32(inner), NK_F32)
    let bounds = kernels.tileBounds
    let rowsPerTile = bounds.mostBlocks * bounds.blockRows
    let tiles = (rows + rowsPerTile - 1) / rowsPerTile
    let packed = memory.storage(count: matrices * panels * panelBytes / 4)
    return make(shape) { result in
      pool.forEach(matrices * panels) { task in
        let (matrix, panel) = task.quotientAndRemainder(dividingBy: panels)
        var source = nk_weight()
        source.w = UnsafePointer(right + matrix * inner * columns)
        source.output_step = transposeY ? inner : 1
        source.input_step = transposeY ? 1 : columns
        (source.outputs, source.inputs, source.taps) = (Int32(columns), Int32(inner), 1)
        nk_pack(&source, NK_F32, Int32(panel), packed.base + matrix * panels * panelBytes / 4)
      }
      pool.forEach(matrices * tiles) { task in
        let (matrix, tile) = task.quotientAndRemainder(dividingBy: tiles)
        let first = tile * rowsPerTile
        var product = nk_product()
        product.a = UnsafeRawPointer(left + (matrix * rows + first) * inner)
        product.a_row = inner
        product.panels = UnsafeRawPointer(packed.base + matrix * panels * panelBytes / 4)
        product.rows = Int32(min(rowsPerTile, rows - first))
        (product.columns, product.taps, product.depth) = (Int32(columns), 1, Int32(inner))
        product.finish.out = result + (matrix * rows + first) * columns
        product.finish.out_row = columns
        kernels.table.product.0?(&product, 0, Int32(panels))
      }
      withExtendedLifetime(packed) {}
    }
  }
}
