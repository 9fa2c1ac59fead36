package import NocturneTensor

/// The VAE decoder, a HiFi-GAN generator (model.md 5.3): latents to samples, 250 Hz to 24 kHz in `paper`.
///
/// B rows, L latent frames, Z channels. Keys: `conv_pre.*`, `ups.*`, `resblocks.*`, `conv_post.*`, weight norm folded.
package struct WaveformDecoder: Sendable {
  /// Negative slope of every leaky ReLU but the last.
  static let slope: Float = 0.1
  /// HiFi-GAN leaves the last one at its library's default.
  private static let lastSlope: Float = 0.01
  private static let outerKernel = 7

  package let decoder: ModelConfiguration.WaveformDecoder
  /// Samples per latent frame.
  package let hop: Int
  package let pre: PreparedConvolution
  package let stages: [UpsamplingStage]
  private let post: PreparedConvolution

  package init(_ weights: ModuleWeights, _ configuration: ModelConfiguration) throws {
    decoder = configuration.vae.decoder
    hop = configuration.hop
    pre = try weights.scoped("conv_pre").sameConvolution()
    stages = try configuration.vae.decoder.rates.indices.map {
      try UpsamplingStage(weights, configuration.vae.decoder, index: $0)
    }
    post = try weights.scoped("conv_post").sameConvolution()
  }

  /// Latents [B, L, Z] in [-1, 1] -> samples [B, L * hop] in [-1, 1], all at once.
  package func callAsFunction(_ latents: Tensor) -> Tensor {
    let raised = stages.reduce(latents.convolution(pre)) { $1($0) }
    let samples = raised.convolution(post, inputSlope: Self.lastSlope, activation: .tanh)
    return samples.reshaped([latents.shape[0], latents.shape[1] * hop])
  }

  /// Latent frames on each side that a sample can depend on, rounded up.
  package static func reach(_ decoder: ModelConfiguration.WaveformDecoder) -> Int {
    let widest = (decoder.mrfKernels.max() ?? 1) / 2
    let residual = decoder.dilations.reduce(0) { $0 + widest * $1 + widest }
    var samples = outerKernel / 2
    for (kernel, rate) in zip(decoder.kernels, decoder.rates).reversed() {
      samples = (samples + residual + kernel + rate - 1) / rate
    }
    return samples + outerKernel / 2
  }

  package static func layout(_ configuration: ModelConfiguration) -> ModuleLayout {
    ModuleLayout("vae_decoder") { layout in
      let decoder = configuration.vae.decoder
      layout.convolution("conv_pre", from: configuration.latentDim, to: decoder.initial, kernel: outerKernel)
      for index in decoder.rates.indices { UpsamplingStage.describe(in: &layout, decoder, index: index) }
      layout.convolution("conv_post", from: decoder.widths.last!, to: 1, kernel: outerKernel, gain: 0.5)
    }
  }
}
