package import NocturneModels

/// The length of a clip at each stage.
package struct ClipLength: Hashable, Sendable {
  /// Audio samples, exactly what the file will hold.
  package let samples: Int
  /// Latent frames that cover them; the waveform is cut afterwards.
  package let latentFrames: Int
  /// Semantic tokens that cover the frames.
  package let semanticTokens: Int

  /// Clips are longer than this, in seconds.
  package static let shortest = 0.1

  /// - Throws: `RenderError.impossibleRequest` when `seconds` is not above `shortest` and at most the model's clip.
  package init(seconds: Double, configuration: ModelConfiguration) throws(RenderError) {
    guard seconds > ClipLength.shortest, seconds <= Double(configuration.clipSeconds) else {
      throw RenderError(
        .impossibleRequest,
        "\(seconds) s cannot be rendered; ask for more than \(ClipLength.shortest) s and at most "
          + "\(configuration.clipSeconds) s",
        stage: nil)
    }
    samples = configuration.samples(seconds: seconds)
    latentFrames = configuration.latentFrames(seconds: seconds)
    semanticTokens = configuration.semanticTokens(frames: latentFrames)
  }
}
