/// What a finished file must be.
package struct ArtifactExpectation: Hashable, Sendable {
  package var sampleRate: Int
  package var channels: Int
  /// Samples per channel, exactly.
  package var frames: Int
  /// Lower-case hexadecimal; nil where none was recorded.
  package var sha256: String?
  /// The very samples, where they are still at hand.
  package var samples: [Int32]?

  package init(
    sampleRate: Int, channels: Int = 1, frames: Int, sha256: String? = nil, samples: [Int32]? = nil
  ) {
    self.sampleRate = sampleRate
    self.channels = channels
    self.frames = frames
    self.sha256 = sha256
    self.samples = samples
  }
}
