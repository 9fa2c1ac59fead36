/// A whole MeLoDy as data: the content of a checkpoint's `config.json` (ARCHITECTURE.md, "Checkpoint keys").
///
/// The parts are in `ModelConfiguration+Parts`; the derived numbers below are the ones that more than one module needs.
package struct ModelConfiguration: Codable, Hashable, Sendable {
  /// Version of this document; only `currentFormat` is read.
  package var format: Int
  package var name: String
  /// Samples per second, mono.
  package var sampleRate: Int
  /// Samples per latent frame.
  package var hop: Int
  /// Channels of a latent frame.
  package var latentDim: Int
  /// Latent frames per second.
  package var latentRate: Int
  /// Semantic tokens per second.
  package var semanticRate: Int
  /// Number of semantic tokens u (model.md section 2).
  package var semanticVocab: Int
  /// Length of the clips the model is trained on, seconds.
  package var clipSeconds: Int
  package var mulan: Mulan
  package var rvq: Quantizer
  package var tokenizer: SemanticTokenizer
  package var lm: LanguageModel
  package var dpd: Diffusion
  package var vae: Autoencoder

  package static let currentFormat = 1
}

extension ModelConfiguration {
  /// Vocabulary index of semantic token 0; the quantizers' codes come first (model.md section 3).
  package var semanticStart: Int { rvq.quantizers * rvq.codes }
  /// Vocabulary index of the token that opens every sequence.
  package var beginning: Int { semanticStart + semanticVocab }
  /// Size of the language model's vocabulary.
  package var vocabulary: Int { beginning + 1 }

  /// Samples of `seconds` of audio.
  package func samples(seconds: Double) -> Int { Int((seconds * Double(sampleRate)).rounded()) }

  /// Latent frames that cover `seconds` of audio, at least 1.
  package func latentFrames(seconds: Double) -> Int { max(1, (samples(seconds: seconds) + hop - 1) / hop) }

  /// Positions of the language model for so many semantic tokens: the token that opens, the caption's codes, and these.
  package func positions(tokens: Int) -> Int { 1 + rvq.quantizers + tokens }

  /// Semantic tokens that cover `frames` latent frames, rounded up.
  package func semanticTokens(frames: Int) -> Int {
    max(1, (frames * semanticRate + latentRate - 1) / latentRate)
  }
}
