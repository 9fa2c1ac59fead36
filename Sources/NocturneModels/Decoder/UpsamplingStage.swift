package import NocturneTensor

/// One upsampling stage (model.md 5.3): leaky ReLU, transposed convolution trimmed so that the length is exactly
/// multiplied, then the mean of residual blocks of several kernels. Keys: `ups.{i}.*`, `resblocks.{i}.{j}.*`.
package struct UpsamplingStage: Sendable {
  private let up: PreparedTransposedConvolution
  private let blocks: [ResidualBlock]

  package init(_ weights: ModuleWeights, _ decoder: ModelConfiguration.WaveformDecoder, index: Int) throws {
    let (kernel, rate) = (decoder.kernels[index], decoder.rates[index])
    let scope = weights.scoped("ups.\(index)")
    // kernel - rate may be odd: the odd sample goes to the right.
    let trimmed = (kernel - rate) / 2
    up = weights.backend.prepareTransposedConvolution(
      weight: try scope.tensor("weight"), bias: try scope.tensor("bias"),
      geometry: TransposedGeometry(stride: rate, trimLeft: trimmed, trimRight: kernel - rate - trimmed))
    blocks = try decoder.mrfKernels.indices.map {
      try ResidualBlock(weights.scoped("resblocks.\(index).\($0)"), dilations: decoder.dilations)
    }
  }

  /// [B, N, C] -> [B, N * rate, C']
  package func callAsFunction(_ x: Tensor) -> Tensor {
    mix(raise(x))
  }

  /// [B, N, C] -> [B, N * rate, C']
  package func raise(_ x: Tensor) -> Tensor { x.transposedConvolution(up, inputSlope: WaveformDecoder.slope) }

  /// Mean of the residual blocks, [B, N, C] -> [B, N, C].
  package func mix(_ raised: Tensor) -> Tensor {
    let sum = blocks.dropFirst().reduce(blocks[0](raised)) { $0 + $1(raised) }
    return blocks.count == 1 ? sum : sum * (1 / Float(blocks.count))
  }

  package static func describe(in layout: inout ModuleLayout, _ decoder: ModelConfiguration.WaveformDecoder, index: Int)
  {
    let width = decoder.widths[index]
    layout.transposedConvolution(
      "ups.\(index)", from: index == 0 ? decoder.initial : decoder.widths[index - 1], to: width,
      kernel: decoder.kernels[index], stride: decoder.rates[index])
    for (block, kernel) in decoder.mrfKernels.enumerated() {
      layout.scope("resblocks.\(index).\(block)") {
        ResidualBlock.describe(in: &$0, channels: width, kernel: kernel, dilations: decoder.dilations.count)
      }
    }
  }
}
