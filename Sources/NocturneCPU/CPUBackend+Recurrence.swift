import CNocturneKernels
package import NocturneTensor

extension CPUBackend {
  package func simpleRecurrence(projected: Tensor, input: Tensor, cell: Tensor, bias: Tensor, skipScale: Float)
    -> Tensor
  {
    let (rows, steps, units) = input.shape.checkRecurrence(
      projected: projected.shape, cell: cell.shape, bias: bias.shape)
    defer { withExtendedLifetime((projected, input, cell, bias)) {} }
    let (matrices, skip, cells, biases) = (projected.pointer, input.pointer, cell.pointer, bias.pointer)
    return make(input.shape) { result in
      pool.forEachRows(rows * 2, width: steps * units) { runs in
        for run in runs {
          let (row, direction) = run.quotientAndRemainder(dividingBy: 2)
          let channel = row * steps * 2 * units + direction * units
          var scan = nk_scan()
          scan.projected = UnsafePointer(matrices + (row * steps * 2 + direction) * 3 * units)
          scan.projected_step = 6 * units
          scan.input = UnsafePointer(skip + channel)
          scan.input_step = 2 * units
          scan.out = result + channel
          scan.out_step = 2 * units
          scan.cell_forget = UnsafePointer(cells + direction * units)
          scan.cell_reset = UnsafePointer(cells + (2 + direction) * units)
          scan.bias_forget = UnsafePointer(biases + direction * units)
          scan.bias_reset = UnsafePointer(biases + (2 + direction) * units)
          scan.skip_scale = skipScale
          scan.steps = Int32(steps)
          scan.units = Int32(units)
          scan.backward = direction == 1
          kernels.table.scan(&scan)
        }
      }
    }
  }
}
