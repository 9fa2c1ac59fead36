// The operations networks are written in, as methods; every one is one call of the tensor's backend.

extension Tensor {
  package func matmul(_ y: Tensor, transposed: Bool = false) -> Tensor {
    backend.matmul(self, y, transposeY: transposed)
  }

  /// activation(self W^T + b) + residual.
  package func linear(_ weights: PreparedLinear, activation: Activation = .none, residual: Tensor? = nil) -> Tensor {
    backend.linear(self, weights, activation: activation, residual: residual)
  }

  /// self W^T + b of each layer.
  package func linears(_ layers: [PreparedLinear]) -> [Tensor] { backend.linears(self, layers) }

  package func convolution(
    _ weights: PreparedConvolution, inputSlope: Float = 1, activation: Activation = .none, residual: Tensor? = nil
  ) -> Tensor {
    backend.convolution(self, weights, inputSlope: inputSlope, activation: activation, residual: residual)
  }

  package func transposedConvolution(_ weights: PreparedTransposedConvolution, inputSlope: Float = 1) -> Tensor {
    backend.transposedConvolution(self, weights, inputSlope: inputSlope)
  }

  package func softmax() -> Tensor { backend.softmax(self) }

  package func rmsNorm(adding y: Tensor? = nil, weight: Tensor, epsilon: Float) -> Tensor {
    backend.rmsNorm(self, adding: y, weight: weight, epsilon: epsilon)
  }

  package func layerNorm(adding y: Tensor? = nil, weight: Tensor, bias: Tensor, epsilon: Float) -> Tensor {
    backend.layerNorm(self, adding: y, weight: weight, bias: bias, epsilon: epsilon)
  }

  /// self as queries [B, Tq, D] over keys and values [Bk, Tk, D].
  package func attention(keys: Tensor, values: Tensor, options: AttentionOptions) -> Tensor {
    backend.attention(queries: self, keys: keys, values: values, options: options)
  }

  package func rotated(heads: Int, positions: [Float], base: Float = 10_000) -> Tensor {
    backend.rotate(self, heads: heads, positions: positions, base: base)
  }

  package func modulated(scale: Tensor, shift: Tensor) -> Tensor {
    backend.modulate(self, scale: scale, shift: shift)
  }

  package func segmented(length: Int, count: Int) -> Tensor { backend.segment(self, length: length, count: count) }
  package func overlapAdded(frames: Int) -> Tensor { backend.overlapAdd(self, frames: frames) }
  package func mergedSegments(window: Int) -> Tensor { backend.mergeSegments(self, window: window) }

  package func repeatedSegments(window: Int, columns: Int) -> Tensor {
    backend.repeatSegments(self, window: window, columns: columns)
  }

  /// Rows of this table [V, D] -> [indices.count, D].
  package func gathered(_ indices: [Int]) -> Tensor { backend.gather(self, indices) }
}
