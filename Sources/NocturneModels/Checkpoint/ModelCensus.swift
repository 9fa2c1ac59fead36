/// Parameters of every module of a configuration: the text path's from the layouts that the loader uses, the encoders'
/// by the arithmetic of model.md 1.1, 2.1 and 5.2.
package struct ModelCensus: Hashable, Sendable {
  package struct Module: Hashable, Sendable {
    package let name: String
    package let parameters: Int
    /// Whether text to music runs it.
    package let inTextPath: Bool
  }

  package let modules: [Module]

  package init(_ configuration: ModelConfiguration) {
    let text = Self.parameters(TextTower.layout(configuration)) + Self.external(configuration)
    let audio = Self.audioTower(configuration.mulan)
    modules = [
      Module(name: "mulan_text", parameters: text, inTextPath: true),
      Module(name: "mulan_audio", parameters: audio, inTextPath: false),
      Module(name: "rvq", parameters: Self.parameters(ResidualQuantizer.layout(configuration)), inTextPath: true),
      Module(name: "lm", parameters: Self.parameters(SemanticLM.layout(configuration)), inTextPath: true),
      Module(name: "tokenizer", parameters: Self.tokenizer(configuration.tokenizer), inTextPath: false),
      Module(name: "dpd", parameters: Self.parameters(Denoiser.layout(configuration)), inTextPath: true),
      Module(
        name: "vae_encoder", parameters: Self.waveformEncoder(configuration.vae.encoder, configuration.latentDim),
        inTextPath: false),
      Module(
        name: "vae_decoder", parameters: Self.parameters(WaveformDecoder.layout(configuration)), inTextPath: true),
    ]
  }

  /// Parameters of a module by its file's name.
  package subscript(name: String) -> Int { modules.first { $0.name == name }?.parameters ?? 0 }

  /// Both towers, as MuLan is counted (model.md 1.1).
  package var mulan: Int { self["mulan_text"] + self["mulan_audio"] }
  package var total: Int { modules.reduce(0) { $0 + $1.parameters } }
  /// What text to music keeps in memory.
  package var textPath: Int { modules.filter(\.inTextPath).reduce(0) { $0 + $1.parameters } }

  private static func parameters(_ layout: ModuleLayout) -> Int { layout.parameters }

  private static func external(_ configuration: ModelConfiguration) -> Int {
    configuration.mulan.bert.external == nil ? 0 : TextTower.externalLayout(configuration).parameters
  }

  /// Audio spectrogram transformer and its projection (1.1).
  private static func audioTower(_ mulan: ModelConfiguration.Mulan) -> Int {
    let (ast, width) = (mulan.ast, mulan.ast.dim)
    let patches = ((ast.mel - ast.patch) / ast.stride + 1) * ((ast.frames - ast.patch) / ast.stride + 1)
    let embeddings = ast.patch * ast.patch * width + width + 2 * width + (patches + 2) * width
    let block = 4 * (width * width + width) + 2 * width * ast.ffn + ast.ffn + width + 4 * width
    return embeddings + ast.layers * block + 2 * width + width * mulan.dim + mulan.dim
  }

  /// wav2vec2-Conformer without the pre-training heads (2.1).
  private static func tokenizer(_ tokenizer: ModelConfiguration.SemanticTokenizer) -> Int {
    let (width, channels) = (tokenizer.dim, tokenizer.channels)
    let kernels = tokenizer.kernels
    let extractor = channels * kernels[0] + channels * channels * kernels.dropFirst().reduce(0, +) + 2 * channels
    let projection = 2 * channels + channels * width + width
    let feed = 2 * width * tokenizer.ffn + tokenizer.ffn + width
    let convolution = 2 * width + 2 * width * width + width * tokenizer.depthwise + 2 * width + width * width
    let block = 2 * feed + 4 * (width * width + width) + convolution + 4 * 2 * width
    let kernel = tokenizer.positionalKernel
    let positional = width * (width / tokenizer.positionalGroups) * kernel + kernel + width
    return extractor + projection + width + positional + tokenizer.layers * block + 2 * width
  }

  /// Convolutions down to the latent rate (5.2).
  private static func waveformEncoder(_ encoder: ModelConfiguration.WaveformEncoder, _ latentDim: Int) -> Int {
    var (parameters, inputs) = (7 * encoder.initial + encoder.initial, encoder.initial)
    for (index, width) in encoder.widths.enumerated() {
      let residual = encoder.mrfKernels.reduce(0) {
        $0 + 2 * encoder.dilations.count * (width * width * $1 + width)
      }
      parameters += inputs * width * encoder.kernels[index] + width + encoder.mrfCounts[index] * residual
      inputs = width
    }
    return parameters + 3 * inputs * 2 * latentDim + 2 * latentDim
  }
}
