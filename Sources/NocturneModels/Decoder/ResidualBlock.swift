package import NocturneTensor

/// HiFi-GAN residual block (model.md 5.2): for each dilation x <- x + conv2(lrelu(conv1(lrelu(x)))), conv1 dilated,
/// lengths kept. B rows, N samples, C channels. Keys: `convs1.{d}.*`, `convs2.{d}.*`.
package struct ResidualBlock: Sendable {
  private let pairs: [(first: PreparedConvolution, second: PreparedConvolution)]

  package init(_ weights: ModuleWeights, dilations: [Int]) throws {
    pairs = try dilations.enumerated().map { index, dilation in
      (
        try weights.scoped("convs1.\(index)").sameConvolution(dilation: dilation),
        try weights.scoped("convs2.\(index)").sameConvolution()
      )
    }
  }

  /// [B, N, C] -> [B, N, C]
  package func callAsFunction(_ x: Tensor) -> Tensor {
    pairs.reduce(x) { x, pair in
      x.convolution(pair.first, inputSlope: WaveformDecoder.slope)
        .convolution(pair.second, inputSlope: WaveformDecoder.slope, residual: x)
    }
  }

  package static func describe(in layout: inout ModuleLayout, channels: Int, kernel: Int, dilations: Int) {
    for index in 0..<dilations {
      layout.convolution("convs1.\(index)", from: channels, to: channels, kernel: kernel)
      layout.convolution("convs2.\(index)", from: channels, to: channels, kernel: kernel, gain: 0.4)
    }
  }
}

extension ModuleWeights {
  /// A convolution of odd kernel that keeps the length. Keys: `weight`, `bias`.
  func sameConvolution(dilation: Int = 1) throws -> PreparedConvolution {
    let weight = try tensor("weight")
    let pad = weight.shape[2] / 2 * dilation
    return backend.prepareConvolution(
      weight: weight, bias: try tensor("bias"),
      geometry: ConvolutionGeometry(dilation: dilation, padLeft: pad, padRight: pad))
  }
}
