// The requirements without the arguments most calls leave out, and work on the calling thread alone.

extension Backend {
  /// x W^T + b.
  package func linear(_ x: Tensor, _ weights: PreparedLinear) -> Tensor {
    linear(x, weights, activation: .none, residual: nil)
  }

  /// x W^T + b + residual.
  package func linear(_ x: Tensor, _ weights: PreparedLinear, residual: Tensor?) -> Tensor {
    linear(x, weights, activation: .none, residual: residual)
  }

  /// `weight` [out, in], `bias` [out].
  package func prepareLinear(weight: Tensor, bias: Tensor?) -> PreparedLinear {
    prepareLinear(weight: weight, bias: bias, robust: false)
  }

  package func forEach(_ count: Int, _ body: (Int) -> Void) {
    for index in 0..<count { body(index) }
  }
}
