/// What was found when a finished audio file was decoded and looked at; all of it goes to `metadata.jsonl`.
package struct AudioFacts: Hashable, Codable, Sendable {
  /// Samples per second.
  package var sampleRate: Int
  package var channels: Int
  /// Samples per channel.
  package var frames: Int
  /// Lower-case hexadecimal SHA-256 of the file's bytes.
  package var sha256: String
  package var bytes: Int
  /// Highest absolute sample, dB relative to full scale.
  package var peakDBFS: Double
  /// Root mean square, dB relative to full scale.
  package var rmsDBFS: Double
  /// Integrated loudness, LUFS (ITU-R BS.1770-4); nil when the clip is shorter than one gating block or all below the gate.
  package var integratedLUFS: Double?

  package init(
    sampleRate: Int, channels: Int, frames: Int, sha256: String, bytes: Int, peakDBFS: Double, rmsDBFS: Double,
    integratedLUFS: Double?
  ) {
    self.sampleRate = sampleRate
    self.channels = channels
    self.frames = frames
    self.sha256 = sha256
    self.bytes = bytes
    self.peakDBFS = peakDBFS
    self.rmsDBFS = rmsDBFS
    self.integratedLUFS = integratedLUFS
  }
}
