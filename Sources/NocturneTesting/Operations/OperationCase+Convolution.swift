import NocturneTensor

extension OperationCase {
  static let convolutions: [OperationCase] = residualBlocks + strides + others

  /// The decoder's and encoder's residual convolutions: kernel and dilation, length kept.
  private static let residualBlocks: [OperationCase] = [3, 7, 11].flatMap { kernel in
    [1, 3, 5].flatMap { dilation in
      [(1, 1, 8, 8), (2, 17, 12, 12), (1, 250, 24, 24), (1, 65, 17, 33)].map { batch, frames, inputs, outputs in
        let name = "convolution k\(kernel) d\(dilation) [\(batch), \(frames), \(inputs)] to \(outputs)"
        return OperationCase(name, .product) { x in
          let side = dilation * (kernel - 1) / 2
          let geometry = ConvolutionGeometry(dilation: dilation, padLeft: side, padRight: side)
          let weights = x.convolution(inputs, outputs, kernel: kernel, geometry)
          let input = x.normal([batch, frames, inputs])
          return [
            input.convolution(weights, inputSlope: 0.1),
            input.convolution(weights, inputSlope: 0.1, residual: x.normal([batch, frames, outputs])),
          ]
        }
      }
    }
  }

  /// The encoder's strided convolutions: padding floor((k - r) / 2) left, ceil right.
  private static let strides: [OperationCase] = [(2, 5), (3, 7), (4, 9), (5, 10), (2, 2), (3, 1)].flatMap {
    stride, kernel in
    [(1, 1, 3, 5), (2, 17, 16, 24), (1, 65, 33, 17)].map { batch, steps, inputs, outputs in
      OperationCase(
        "convolution k\(kernel) stride \(stride) [\(batch), \(steps * stride), \(inputs)] to \(outputs)", .product
      ) {
        x in
        let (left, right) = (max(kernel - stride, 0) / 2, (max(kernel - stride, 0) + 1) / 2)
        let weights = x.convolution(
          inputs, outputs, kernel: kernel, ConvolutionGeometry(stride: stride, padLeft: left, padRight: right))
        return [x.normal([batch, steps * stride, inputs]).convolution(weights)]
      }
    }
  }

  private static let others: [OperationCase] = [
    OperationCase("convolution to one channel through tanh", .product) { x in
      let weights = x.convolution(24, 1, kernel: 7, ConvolutionGeometry(padLeft: 3, padRight: 3))
      return [x.normal([2, 63, 24]).convolution(weights, inputSlope: 0.01, activation: .tanh)]
    },
    OperationCase("convolution of one channel", .product) { x in
      [x.normal([2, 63, 1]).convolution(x.convolution(1, 17, kernel: 7, ConvolutionGeometry(padLeft: 3, padRight: 3)))]
    },
    OperationCase("convolution without bias or padding", .product) { x in
      [x.normal([1, 20, 5]).convolution(x.convolution(5, 7, kernel: 5, bias: false, ConvolutionGeometry()))]
    },
    OperationCase("convolution padded on one side", .product) { x in
      [x.normal([1, 20, 5]).convolution(x.convolution(5, 7, kernel: 3, ConvolutionGeometry(padLeft: 9)))]
    },
    OperationCase("convolution shorter than its reach", .product) { x in
      let geometry = ConvolutionGeometry(dilation: 5, padLeft: 15, padRight: 15)
      return [x.normal([3, 2, 16]).convolution(x.convolution(16, 16, kernel: 7, geometry), activation: .gelu)]
    },
    OperationCase("convolution with stride and dilation", .product) { x in
      let geometry = ConvolutionGeometry(stride: 2, dilation: 3, padLeft: 2, padRight: 5)
      return [x.normal([2, 33, 9]).convolution(x.convolution(9, 20, kernel: 4, geometry), activation: .silu)]
    },
  ]

  static let transposedConvolutions: [OperationCase] = {
    /// Kernel, stride, trim left, trim right; first the decoder's, whose k - u is odd for three of four.
    let geometries = [
      (9, 4, 2, 3), (5, 3, 1, 1), (7, 2, 2, 3), (4, 2, 1, 1), (3, 1, 0, 0), (2, 3, 0, 0), (9, 4, 0, 0), (5, 2, 4, 0),
      (1, 1, 0, 0), (7, 2, 0, 6),
    ]
    return geometries.flatMap { kernel, stride, left, right in
      [(1, 3, 5, 3), (2, 17, 24, 12), (1, 65, 33, 17), (1, 20, 48, 24)].map { batch, frames, inputs, outputs in
        let name = "transposedConvolution k\(kernel) stride \(stride) trim \(left), \(right)"
        return OperationCase("\(name) [\(batch), \(frames), \(inputs)] to \(outputs)", .product) { x in
          let weights = x.transposed(
            inputs, outputs, kernel: kernel, bias: batch == 1,
            TransposedGeometry(stride: stride, trimLeft: left, trimRight: right))
          let input = x.normal([batch, frames, inputs])
          return [input.transposedConvolution(weights, inputSlope: 0.1), input.transposedConvolution(weights)]
        }
      }
    }
  }()
}
