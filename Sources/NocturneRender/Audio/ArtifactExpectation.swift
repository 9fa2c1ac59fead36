package import NocturneManifest

/// What a finished file must be.
package struct ArtifactExpectation: Hashable, Sendable {
  /// Container, and then 24-bit samples; nil takes whatever decodes.
  package var format: AudioFormat?
  package var sampleRate: Int
  package var channels: Int
  /// Samples per channel, exactly.
  package var frames: Int
  /// Lower-case hexadecimal; nil where none was recorded.
  package var sha256: String?
  /// What the file says of itself; nil takes any.
  package var tags: AudioTags?
  /// The very samples, where they are still at hand.
  package var samples: [Int32]?

  package init(
    format: AudioFormat? = nil, sampleRate: Int, channels: Int = 1, frames: Int, sha256: String? = nil,
    tags: AudioTags? = nil, samples: [Int32]? = nil
  ) {
    self.format = format
    self.sampleRate = sampleRate
    self.channels = channels
    self.frames = frames
    self.sha256 = sha256
    self.tags = tags
    self.samples = samples
  }
}
