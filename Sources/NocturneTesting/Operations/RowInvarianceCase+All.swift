import NocturneTensor

extension RowInvarianceCase {
  package static let all: [RowInvarianceCase] = products + convolutions + attention + rowwise + segments

  private static let products: [RowInvarianceCase] =
    [(1, 80, 65), (1, 64, 256), (1, 256, 333), (17, 96, 96), (65, 16, 48)].flatMap { frames, inputs, outputs in
      [Activation.none, .gelu, .silu].map { activation in
        RowInvarianceCase("rows of linear \(activation) [16, \(frames), \(inputs)] to \(outputs)") { x, pick in
          let weights = x.linear(inputs, outputs)
          let input = pick(x.normal([rows, frames, inputs]))
          return input.linear(weights, activation: activation, residual: pick(x.normal([rows, frames, outputs])))
        }
      }
    } + [
      RowInvarianceCase("rows of linear [16, 128] to 130") { x, pick in
        pick(x.normal([rows, 128])).linear(x.linear(128, 130, bias: false))
      },
      RowInvarianceCase("rows of matmul by one matrix") { x, pick in
        pick(x.normal([rows, 3, 65])).matmul(x.normal([65, 17]))
      },
      RowInvarianceCase("rows of matmul by a matrix each") { x, pick in
        pick(x.normal([rows, 17, 65])).matmul(pick(x.normal([rows, 33, 65])), transposed: true)
      },
    ]

  private static let convolutions: [RowInvarianceCase] = [1, 17, 65].flatMap { frames in
    [
      RowInvarianceCase("rows of convolution over \(frames) frames") { x, pick in
        let geometry = ConvolutionGeometry(dilation: 3, padLeft: 9, padRight: 9)
        let weights = x.convolution(24, 24, kernel: 7, geometry)
        return pick(x.normal([rows, frames, 24])).convolution(
          weights, inputSlope: 0.1, residual: pick(x.normal([rows, frames, 24])))
      },
      RowInvarianceCase("rows of convolution to one channel over \(frames) frames") { x, pick in
        let weights = x.convolution(24, 1, kernel: 7, ConvolutionGeometry(padLeft: 3, padRight: 3))
        return pick(x.normal([rows, frames, 24])).convolution(weights, inputSlope: 0.01, activation: .tanh)
      },
      RowInvarianceCase("rows of transposedConvolution over \(frames) frames") { x, pick in
        let weights = x.transposed(48, 24, kernel: 9, TransposedGeometry(stride: 4, trimLeft: 2, trimRight: 3))
        return pick(x.normal([rows, frames, 48])).transposedConvolution(weights, inputSlope: 0.1)
      },
    ]
  }

  private static let attention: [RowInvarianceCase] = [
    RowInvarianceCase("rows of attention") { x, pick in
      let positions = (0..<21).map(Float.init)
      let options = AttentionOptions(heads: 3, queryPositions: positions, keyPositions: positions)
      let (q, k, v) = (x.normal([rows, 21, 96]), x.normal([rows, 21, 96]), x.normal([rows, 21, 96]))
      return pick(q).attention(keys: pick(k), values: pick(v), options: options)
    },
    RowInvarianceCase("rows of one causal query over a cache") { x, pick in
      let options = AttentionOptions(
        heads: 4, causalOffset: 29, queryPositions: [29], keyPositions: (0..<40).map(Float.init))
      let (q, k, v) = (x.normal([rows, 1, 64]), x.normal([rows, 40, 64]), x.normal([rows, 40, 64]))
      return pick(q).attention(keys: pick(k), values: pick(v), options: options)
    },
    RowInvarianceCase("rows of attention over shared keys") { x, pick in
      let options = AttentionOptions(
        heads: 3, queryPositions: (0..<21).map { Float($0) * 3.125 }, keyPositions: (0..<10).map(Float.init))
      let (k, v) = (x.normal([1, 10, 96]), x.normal([1, 10, 96]))
      return pick(x.normal([rows, 21, 96])).attention(keys: k, values: v, options: options)
    },
    RowInvarianceCase("rows of rotate") { x, pick in
      pick(x.normal([rows, 17, 96])).rotated(heads: 3, positions: (0..<17).map { Float($0) / 3 })
    },
  ]

  private static let rowwise: [RowInvarianceCase] = [[17], [96], [5, 65]].flatMap { tail in
    let shape = Shape([rows] + tail)
    let dim = shape[-1]
    return [
      RowInvarianceCase("rows of softmax \(shape)") { x, pick in pick(x.normal(shape)).softmax() },
      RowInvarianceCase("rows of rmsNorm \(shape)") { x, pick in
        pick(x.normal(shape)).rmsNorm(adding: pick(x.normal(shape)), weight: x.normal([dim]), epsilon: 1e-6)
      },
      RowInvarianceCase("rows of layerNorm \(shape)") { x, pick in
        pick(x.normal(shape)).layerNorm(weight: x.normal([dim]), bias: x.normal([dim]), epsilon: 1e-12)
      },
      RowInvarianceCase("rows of gatedSilu \(shape)") { x, pick in
        x.backend.gatedSilu(gate: pick(x.normal(shape)), up: pick(x.normal(shape)))
      },
      RowInvarianceCase("rows of sum \(shape)") { x, pick in pick(x.normal(shape)).sum(axis: -1) },
    ]
      + [UnaryOp.gelu, .silu, .tanh, .sigmoid, .exponential].map { op in
        RowInvarianceCase("rows of \(op) \(shape)") { x, pick in pick(x.normal(shape)).unary(op) }
      }
  }

  private static let segments: [RowInvarianceCase] = [
    RowInvarianceCase("rows of simpleRecurrence") { x, pick in
      let (projected, input) = (x.normal([rows, 16, 2, 3, 48]), x.normal([rows, 16, 96]))
      return x.backend.simpleRecurrence(
        projected: pick(projected), input: pick(input), cell: x.normal([2, 2, 48]), bias: x.normal([2, 2, 48]),
        skipScale: 1.7)
    },
    RowInvarianceCase("rows of modulate") { x, pick in
      pick(x.normal([rows, 17, 65])).modulated(scale: pick(x.normal([rows, 65])), shift: pick(x.normal([rows, 65])))
    },
    RowInvarianceCase("rows of segment") { x, pick in pick(x.normal([rows, 33, 5])).segmented(length: 16, count: 6) },
    RowInvarianceCase("rows of overlapAdd") { x, pick in pick(x.normal([rows, 6, 16, 5])).overlapAdded(frames: 33) },
    RowInvarianceCase("rows of mergeSegments") { x, pick in pick(x.normal([rows, 3, 17, 5])).mergedSegments(window: 8)
    },
    RowInvarianceCase("rows of repeatSegments") { x, pick in
      pick(x.normal([rows, 5, 3, 7])).repeatedSegments(window: 8, columns: 17)
    },
  ]
}
