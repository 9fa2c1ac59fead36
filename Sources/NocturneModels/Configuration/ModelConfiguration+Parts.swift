extension ModelConfiguration {
  /// The joint text and audio embedding of width `dim` (model.md section 1).
  package struct Mulan: Codable, Hashable, Sendable {
    package var dim: Int
    package var bert: TextEncoder
    package var ast: AudioEncoder
  }

  /// A BERT encoder described by data (model.md 1.1 and section 12).
  package struct TextEncoder: Codable, Hashable, Sendable {
    package var vocab: Int
    package var positions: Int
    /// Longest sequence, [CLS] and [SEP] included.
    package var maxTokens: Int
    package var layers: Int
    package var dim: Int
    package var heads: Int
    package var ffn: Int
    package var epsilon: Float
    package var pooling: Pooling
    /// Set where an installed package carries the encoder's weights.
    package var external: ExternalEncoder?
  }

  package enum Pooling: String, Codable, Hashable, Sendable {
    /// The [CLS] state.
    case cls
    /// The mean over all states.
    case mean
  }

  /// A text encoder outside the checkpoint; its digests make it part of the fingerprint.
  package struct ExternalEncoder: Codable, Hashable, Sendable {
    package var package: String
    package var version: String
    package var weightsSHA256: String
    package var vocabSHA256: String
  }

  /// The audio tower, an audio spectrogram transformer (model.md 1.1).
  package struct AudioEncoder: Codable, Hashable, Sendable {
    package var layers: Int
    package var dim: Int
    package var heads: Int
    package var ffn: Int
    package var mel: Int
    package var frames: Int
    package var patch: Int
    package var stride: Int
  }

  /// Residual quantizer of the joint embedding (model.md 1.3).
  package struct Quantizer: Codable, Hashable, Sendable {
    package var quantizers: Int
    package var codes: Int
  }

  /// wav2vec2-Conformer and its quantizer (model.md section 2).
  package struct SemanticTokenizer: Codable, Hashable, Sendable {
    package var channels: Int
    package var kernels: [Int]
    package var strides: [Int]
    package var pad: [Int]
    package var layers: Int
    package var dim: Int
    package var heads: Int
    package var ffn: Int
    package var depthwise: Int
    package var rope: Float
    package var tapLayer: Int
    package var positionalKernel: Int
    package var positionalGroups: Int
    package var codeGroups: Int
    package var groupCodes: Int
    package var codeDim: Int
  }

  /// The semantic language model and its sampling defaults (model.md section 3).
  package struct LanguageModel: Codable, Hashable, Sendable {
    package var layers: Int
    package var dim: Int
    package var heads: Int
    package var ffn: Int
    package var rope: Float
    package var epsilon: Float
    package var temperature: Double
    /// 0 is off.
    package var topK: Int
    /// 1 is off.
    package var topP: Double
  }

  /// Dual-path diffusion (model.md section 4).
  package struct Diffusion: Codable, Hashable, Sendable {
    package var dim: Int
    package var blocks: Int
    /// Frames of a segment, K; even.
    package var segment: Int
    package var chunks: Int
    package var angleDim: Int
    package var roformer: Coarse
    package var sru: Recurrence
    package var film: Film
    /// Whether the unconditional evaluation also loses the pooled semantic embedding (model.md 4.5).
    package var dropPooled: Bool
    package var epsilon: Float
    package var guidance: Double
    package var schedule: AngleSchedule
  }

  /// The coarse path's stack.
  package struct Coarse: Codable, Hashable, Sendable {
    package var layers: Int
    package var heads: Int
    package var ffn: Int
  }

  /// The fine path's stack, bidirectional.
  package struct Recurrence: Codable, Hashable, Sendable {
    package var layers: Int
    /// Units per direction.
    package var units: Int
    package var highwayBias: Float
  }

  /// How the fine path is modulated (model.md 4.5, "FiLM").
  package enum Film: String, Codable, Hashable, Sendable {
    /// MLP_o(x * MLP_g(m) + MLP_b(m)).
    case mlp3
    /// gamma(m) * x + beta(m), two linear maps.
    case affine
  }

  /// The audio VAE-GAN (model.md section 5).
  package struct Autoencoder: Codable, Hashable, Sendable {
    package var latentScale: Float
    package var encoder: WaveformEncoder
    package var decoder: WaveformDecoder
  }

  package struct WaveformEncoder: Codable, Hashable, Sendable {
    package var initial: Int
    package var rates: [Int]
    package var widths: [Int]
    package var kernels: [Int]
    package var mrfCounts: [Int]
    package var mrfKernels: [Int]
    package var dilations: [Int]
  }

  package struct WaveformDecoder: Codable, Hashable, Sendable {
    package var initial: Int
    package var rates: [Int]
    package var widths: [Int]
    package var kernels: [Int]
    package var mrfKernels: [Int]
    package var dilations: [Int]
  }
}
