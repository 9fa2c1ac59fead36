/// Multiply-accumulates and memory of one clip, counted as model.md 4.7 does: products and attention, no element-wise
/// work.
package struct ModelWork: Hashable, Sendable {
  package let frames: Int
  package let tokens: Int
  /// Text tower on a caption of 64 tokens.
  package let text: Int
  /// Semantic LM: every token passes all its matrices once.
  package let lm: Int
  /// Coarse path of one diffusion forward, the keys and values of the semantic tokens included.
  package let coarse: Int
  /// Fine path of one diffusion forward; its vectors per segment are not counted.
  package let fine: Int
  package let decoder: Int
  /// Weights that the LM reads for every token; of the output head only the semantic rows.
  package let lmWeights: Int

  /// One evaluation of the diffusion network.
  package var forward: Int { coarse + fine }

  package init(_ configuration: ModelConfiguration, seconds: Double) {
    frames = configuration.latentFrames(seconds: seconds)
    tokens = configuration.semanticTokens(frames: frames)
    text = Self.text(configuration.mulan, tokens: 64)
    lm = tokens * Self.lmToken(configuration)
    coarse = Self.coarse(configuration.dpd, frames: frames, tokens: tokens)
    fine = Self.fine(configuration.dpd, frames: frames)
    decoder = Self.decoder(configuration, frames: frames)
    lmWeights = Self.lmLayers(configuration.lm) + configuration.lm.dim * configuration.semanticVocab
  }

  /// Diffusion with T steps; guidance other than 1 doubles it.
  package func diffusion(steps: Int, guidance: Double) -> Int { forward * steps * (guidance == 1 ? 1 : 2) }

  package func total(steps: Int, guidance: Double) -> Int {
    text + lm + diffusion(steps: steps, guidance: guidance) + decoder
  }

  /// Rough resident bytes of a process that renders one clip at a time: weights at `bytesPerWeight`, tables in f32, the
  /// key/value cache, and the widest moment of the diffusion network.
  package static func memory(_ configuration: ModelConfiguration, seconds: Double, bytesPerWeight: Int) -> Int {
    let (bert, lm, dpd) = (configuration.mulan.bert, configuration.lm, configuration.dpd)
    let frames = configuration.latentFrames(seconds: seconds)
    let tables =
      bert.vocab * bert.dim + configuration.vocabulary * lm.dim
      + configuration.rvq.quantizers * configuration.rvq.codes * configuration.mulan.dim
    let weights = (ModelCensus(configuration).textPath - tables) * bytesPerWeight + tables * 4
    let tokens = configuration.semanticTokens(frames: frames)
    let cache = SemanticCache.bytes(lm, capacity: configuration.positions(tokens: tokens))
    let rows = 2 * Denoiser.segments(frames: frames, segment: dpd.segment) * dpd.segment
    let diffusion = rows * (max(dpd.roformer.ffn, 6 * dpd.sru.units) + 6 * dpd.dim) * 4
    return weights + max(cache, diffusion) + 64 << 20
  }

  private static func text(_ mulan: ModelConfiguration.Mulan, tokens: Int) -> Int {
    let (width, ffn) = (mulan.bert.dim, mulan.bert.ffn)
    let layer = tokens * (4 * width * width + 2 * width * ffn) + 2 * tokens * tokens * width
    return mulan.bert.layers * layer + width * mulan.dim
  }

  private static func lmToken(_ configuration: ModelConfiguration) -> Int {
    lmLayers(configuration.lm) + configuration.lm.dim * configuration.vocabulary
  }

  private static func lmLayers(_ lm: ModelConfiguration.LanguageModel) -> Int {
    lm.layers * (4 * lm.dim * lm.dim + 3 * lm.dim * lm.ffn)
  }

  private static func coarse(_ dpd: ModelConfiguration.Diffusion, frames: Int, tokens: Int) -> Int {
    let (width, segments) = (dpd.dim, Denoiser.segments(frames: frames, segment: dpd.segment))
    let columns = (0..<dpd.blocks).reduce(0) {
      $0 + DualPathBlock.columns(segment: dpd.segment, window: DualPathBlock.window(block: $1, of: dpd.blocks))
    }
    // Four projections of the self-attention, two of the cross-attention, whose keys and values are shared.
    let vector = 6 * width * width + 2 * width * dpd.roformer.ffn + 2 * width * (segments + tokens)
    let shared = dpd.blocks * tokens * 2 * width * width
    return dpd.roformer.layers * (columns * segments * vector + shared)
  }

  private static func fine(_ dpd: ModelConfiguration.Diffusion, frames: Int) -> Int {
    let width = dpd.dim
    let vectors = dpd.blocks * Denoiser.segments(frames: frames, segment: dpd.segment) * dpd.segment
    let modulation = dpd.film == .mlp3 ? 2 * width * width : 0
    return vectors * (dpd.sru.layers * width * 6 * dpd.sru.units + modulation)
  }

  private static func decoder(_ configuration: ModelConfiguration, frames: Int) -> Int {
    let decoder = configuration.vae.decoder
    var (work, length, inputs) = (frames * configuration.latentDim * decoder.initial * 7, frames, decoder.initial)
    for (index, width) in decoder.widths.enumerated() {
      work += length * inputs * width * decoder.kernels[index]
      length *= decoder.rates[index]
      inputs = width
      let residual = decoder.mrfKernels.reduce(0) { $0 + 2 * decoder.dilations.count * width * width * $1 }
      work += length * residual
    }
    return work + length * inputs * 7
  }
}
