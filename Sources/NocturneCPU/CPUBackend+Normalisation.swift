import CNocturneKernels
package import NocturneTensor

extension CPUBackend {
  package func rmsNorm(_ x: Tensor, adding y: Tensor?, weight: Tensor, epsilon: Float) -> Tensor {
    x.shape.checkNorm(adding: y?.shape, weight: weight.shape, in: "rmsNorm")
    defer { withExtendedLifetime((x, y, weight)) {} }
    let (left, right, scale, width) = (x.pointer, y?.pointer, weight.pointer, x.shape[-1])
    return make(x.shape) { result in
      pool.forEachRows(x.shape.count / max(width, 1), width: width) { rows in
        let start = rows.lowerBound * width
        kernels.table.rms_norm(
          left + start, right.map { UnsafePointer($0 + start) }, scale, epsilon, result + start, rows.count, width)
      }
    }
  }

  package func layerNorm(_ x: Tensor, adding y: Tensor?, weight: Tensor, bias: Tensor, epsilon: Float) -> Tensor {
    x.shape.checkNorm(adding: y?.shape, weight: weight.shape, bias: bias.shape, in: "layerNorm")
    defer { withExtendedLifetime((x, y, weight, bias)) {} }
    let (left, right, scale, shift) = (x.pointer, y?.pointer, weight.pointer, bias.pointer)
    let width = x.shape[-1]
    return make(x.shape) { result in
      pool.forEachRows(x.shape.count / max(width, 1), width: width) { rows in
        let start = rows.lowerBound * width
        kernels.table.layer_norm(
          left + start, right.map { UnsafePointer($0 + start) }, scale, shift, epsilon, result + start, rows.count,
          width)
      }
    }
  }

  package func modulate(_ x: Tensor, scale: Tensor, shift: Tensor) -> Tensor {
    x.shape.checkModulation(scale: scale.shape, shift: shift.shape)
    defer { withExtendedLifetime((x, scale, shift)) {} }
    let (source, factors, offsets) = (x.pointer, scale.pointer, shift.pointer)
    let (frames, width) = (x.shape[1], x.shape[2])
    return make(x.shape) { result in
      pool.forEachRows(x.shape[0], width: frames * width) { rows in
        for row in rows {
          let start = row * frames * width
          kernels.table.modulate(
            source + start, factors + row * width, offsets + row * width, result + start, frames, width)
        }
      }
    }
  }
}
