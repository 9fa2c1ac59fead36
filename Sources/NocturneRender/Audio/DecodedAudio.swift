/// An audio file as decoded to its end.
package struct DecodedAudio: Sendable {
  package enum Container: String, Hashable, Sendable {
    case flac, wav, other
  }

  package enum SampleFormat: String, Hashable, Sendable {
    case pcm16, pcm24, float32, other
  }

  package var container: Container
  package var sampleFormat: SampleFormat
  package var sampleRate: Int
  package var channels: Int
  /// Samples per channel that the header promises.
  package var declaredFrames: Int
  /// Interleaved, full scale 1; exact for 24-bit PCM and for float.
  package var samples: [Float]
  package var title: String?
  package var comment: String?

  /// Samples per channel that were there.
  package var frames: Int { channels == 0 ? 0 : samples.count / channels }
}
