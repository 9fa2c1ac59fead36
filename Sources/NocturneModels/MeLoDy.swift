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

  /// Loads the modules of the text-to-music path.
  ///
  /// - Parameters:
  ///   - directory: the checkpoint (model.md section 13).
  ///   - textEncoderDirectory: where the text encoder's package keeps `model.safetensors` and `vocab.txt`; needed when
  ///     the configuration names an external encoder.
  /// - Throws: `CheckpointError`, `ConfigurationError`.
  package init(directory: URL, backend: any Backend, textEncoderDirectory: URL?) throws {
    fatalError("not built yet")
  }

  /// Prefix of each caption, in order.
  package func embed(_ captions: [String]) throws -> [CaptionPrefix] { fatalError("not built yet") }

  /// `count` semantic tokens for each prefix, sampled with its seed; counts tokens.
  package func semanticTokens(
    prefixes: [[Int]], count: Int, seeds: [UInt64], sampling: SemanticSampling, progress: (Int) throws -> Void
  ) throws -> [[Int]] { fatalError("not built yet") }

  /// Latents [frames, latentDim] in [-1, 1] for each row of semantic tokens; counts steps times clips.
  package func latents(
    semantic: [[Int]], frames: Int, request: DiffusionRequest, seeds: [UInt64], progress: (Int) throws -> Void
  ) throws -> [Tensor] { fatalError("not built yet") }

  /// [frames, latentDim] -> `frames * hop` samples in [-1, 1]; counts chunks.
  package func waveform(_ latents: Tensor, progress: (Int) throws -> Void) throws -> [Float] {
    fatalError("not built yet")
  }
}
