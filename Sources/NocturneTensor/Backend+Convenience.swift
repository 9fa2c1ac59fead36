// The requirements without the arguments most calls leave out, and work on the calling thread alone.

extension Backend {
  /// x W^T + b.
  package func linear(_ x: Tensor, _ weights: PreparedLinear) -> Tensor {
    linear(x, weights, activation: .none, residual: nil)
  }

  /// activation(x W^T + b).
  package func linear(_ x: Tensor, _ weights: PreparedLinear, activation: Activation) -> Tensor {
    linear(x, weights, activation: activation, residual: nil)
  }

  /// x W^T + b + residual.
  package func linear(_ x: Tensor, _ weights: PreparedLinear, residual: Tensor?) -> Tensor {
    linear(x, weights, activation: .none, residual: residual)
  }

  /// conv(x) + b.
  package func convolution(_ x: Tensor, _ weights: PreparedConvolution) -> Tensor {
    convolution(x, weights, inputSlope: 1, activation: .none, residual: nil)
  }

  /// conv(leakyReLU(x, inputSlope)) + b + residual.
  package func convolution(_ x: Tensor, _ weights: PreparedConvolution, inputSlope: Float, residual: Tensor? = nil)
    -> Tensor
  {
    convolution(x, weights, inputSlope: inputSlope, activation: .none, residual: residual)
  }

  package func transposedConvolution(_ x: Tensor, _ weights: PreparedTransposedConvolution) -> Tensor {
    transposedConvolution(x, weights, inputSlope: 1)
  }

  package func matmul(_ x: Tensor, _ y: Tensor) -> Tensor { matmul(x, y, transposeY: false) }

  package func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float) -> Tensor {
    rmsNorm(x, adding: nil, weight: weight, epsilon: epsilon)
  }

  package func layerNorm(_ x: Tensor, weight: Tensor, bias: Tensor, epsilon: Float) -> Tensor {
    layerNorm(x, adding: nil, weight: weight, bias: bias, epsilon: epsilon)
  }

  /// `weight` [out, in], `bias` [out].
  package func prepareLinear(weight: Tensor, bias: Tensor?) -> PreparedLinear {
    prepareLinear(weight: weight, bias: bias, robust: false)
  }

  /// `weight` [out, in], no bias.
  package func prepareLinear(weight: Tensor) -> PreparedLinear { prepareLinear(weight: weight, bias: nil) }

  package func forEach(_ count: Int, _ body: (Int) -> Void) {
    for index in 0..<count { body(index) }
  }
}
