// Default bodies, composed from the first tier for clarity: they are the oracles of the fused versions.

extension Backend {
  package func softmax(_ x: Tensor) -> Tensor {
    let shifted = unary(.exponential, binary(.subtract, x, reduce(.maximum, x, axis: -1)))
    return binary(.divide, shifted, reduce(.sum, shifted, axis: -1))
  }

  package func rmsNorm(_ x: Tensor, adding y: Tensor?, weight: Tensor, epsilon: Float) -> Tensor {
    x.shape.checkNorm(adding: y?.shape, weight: weight.shape, in: "rmsNorm")
    let v = sum(x, y)
    return binary(.multiply, binary(.divide, v, rootMeanSquare(v, epsilon: epsilon)), weight)
  }

  package func layerNorm(_ x: Tensor, adding y: Tensor?, weight: Tensor, bias: Tensor, epsilon: Float) -> Tensor {
    x.shape.checkNorm(adding: y?.shape, weight: weight.shape, bias: bias.shape, in: "layerNorm")
    let v = sum(x, y)
    let centred = binary(.subtract, v, reduce(.mean, v, axis: -1))
    let normal = binary(.divide, centred, rootMeanSquare(centred, epsilon: epsilon))
    return binary(.add, binary(.multiply, normal, weight), bias)
  }

  /// sqrt(mean(v^2) + epsilon) over the innermost axis, kept with extent 1; not a number where squares overflow, since what
  /// is divided by infinity would look sound.
  private func rootMeanSquare(_ v: Tensor, epsilon: Float) -> Tensor {
    let meanSquare = reduce(.mean, unary(.square, v), axis: -1)
    let root = unary(.squareRoot, unary(.affine(scale: 1, offset: epsilon), meanSquare))
    return binary(.multiply, root, binary(.divide, root, root))
  }

  private func sum(_ x: Tensor, _ y: Tensor?) -> Tensor { y.map { binary(.add, x, $0) } ?? x }
}
