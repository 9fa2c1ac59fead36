package import Foundation
package import NocturneTensor

/// The text-to-music path: caption -> prefix -> semantic tokens -> latents -> waveform (model.md section 0).
///
/// The bits of an item depend on the checkpoint, its own arguments and its seed only, never on its neighbours in a call.
/// Every long call takes a `progress` closure that is given the units finished so far in this call (tokens, steps,
/// chunks) and may throw, which ends the call promptly with that error.
package struct MeLoDy: Sendable {
  package let configuration: ModelConfiguration
  /// SHA-256 over the file digests and `config.json`, lower-case hexadecimal.
  package let fingerprint: String
  package let backend: any Backend
  package let wordPiece: WordPiece
  package let text: TextTower
  package let quantizer: ResidualQuantizer
  package let language: SemanticLM
  package let denoiser: Denoiser
  package let decoder: WaveformDecoder

  /// Loads the modules of the text-to-music path; every byte read is checked against the manifest's digests.
  ///
  /// - Parameters:
  ///   - directory: the checkpoint (model.md section 13).
  ///   - textEncoderDirectory: where the text encoder's package keeps `model.safetensors` and `vocab.txt`; needed when
  ///     the configuration names an external encoder.
  /// - Throws: `CheckpointError`, `ConfigurationError`, `SafetensorsError`, each one line.
  package init(directory: URL, backend: any Backend, textEncoderDirectory: URL?) throws {
    try self.init(CheckpointDirectory(directory, textEncoderDirectory: textEncoderDirectory), backend: backend)
  }

  package init(_ checkpoint: CheckpointDirectory, backend: any Backend) throws {
    let configuration = checkpoint.configuration
    func load<Module>(_ layout: ModuleLayout, _ make: (ModuleWeights) throws -> Module) throws -> Module {
      let weights = try checkpoint.weights(layout, on: backend)
      let module = try make(weights)
      try weights.finish()
      return module
    }
    self.configuration = configuration
    self.backend = backend
    fingerprint = checkpoint.fingerprint
    wordPiece = try checkpoint.wordPiece()
    text = try load(TextTower.layout(configuration)) { weights in
      guard configuration.mulan.bert.external != nil else {
        let encoder = try TextEncoder(weights.scoped("bert"), configuration.mulan.bert)
        return try TextTower(weights, encoder: encoder)
      }
      let external = try checkpoint.externalEncoder(on: backend)
      let encoder = try TextEncoder(external, configuration.mulan.bert)
      try external.finish(ignoring: CheckpointDirectory.externalExtras)
      return try TextTower(weights, encoder: encoder)
    }
    quantizer = try load(ResidualQuantizer.layout(configuration)) { try ResidualQuantizer($0) }
    language = try load(SemanticLM.layout(configuration)) { try SemanticLM($0, configuration) }
    denoiser = try load(Denoiser.layout(configuration)) { try Denoiser($0, configuration) }
    decoder = try load(WaveformDecoder.layout(configuration)) { try WaveformDecoder($0, configuration) }
  }

  /// Prefix of each caption, in order. Throws `NotFiniteError` where a caption's embedding is not finite.
  package func embed(_ captions: [String]) throws -> [CaptionPrefix] {
    try captions.map { caption in
      let encoding = wordPiece.encode(caption, limit: configuration.mulan.bert.maxTokens)
      let embedding = text(encoding.ids)
      if let place = embedding.firstIndex(where: { !$0.isFinite }) {
        throw NotFiniteError("value \(place) of the caption's embedding")
      }
      return CaptionPrefix(tokens: quantizer.encode(embedding), truncated: encoding.truncated)
    }
  }

  /// `count` semantic tokens for each prefix, sampled with its seed; counts tokens.
  package func semanticTokens(
    prefixes: [[Int]], count: Int, seeds: [UInt64], sampling: SemanticSampling, progress: (Int) throws -> Void
  ) throws -> [[Int]] {
    try language.generate(prefixes: prefixes, count: count, seeds: seeds, sampling: sampling, progress: progress)
  }

  /// Latents [frames, latentDim] in [-1, 1] for each row of semantic tokens; counts steps times clips.
  package func latents(
    semantic: [[Int]], frames: Int, request: DiffusionRequest, seeds: [UInt64], progress: (Int) throws -> Void
  ) throws -> [Tensor] {
    try denoiser.latents(
      semantic: semantic, frames: frames, channels: configuration.latentDim, request: request, seeds: seeds,
      backend: backend, progress: progress)
  }

  /// [frames, latentDim] -> `frames * hop` samples in [-1, 1]; counts chunks.
  package func waveform(_ latents: Tensor, progress: (Int) throws -> Void) throws -> [Float] {
    try decoder.decode(latents, progress: progress)
  }
}
