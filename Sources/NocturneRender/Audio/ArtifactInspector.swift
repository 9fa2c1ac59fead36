import Crypto
package import Foundation
package import NocturneManifest

/// Looks at a finished file: nothing is done until this was (farm.md, promise 4).
///
/// The thresholds only catch broken renders: a quiet, noisy or overdriven clip passes, since taste is no matter of
/// verification.
package struct ArtifactInspector: Sendable {
  /// A clip whose samples all lie within this of their midpoint is silent, a constant included: -80 dBFS.
  package static let silentBelow: Float = 1e-4
  /// A sample at or above this counts as at full scale.
  package static let fullScaleFrom: Float = 0.999
  /// A clip with more than this share of its samples at full scale is stuck. A sine driven 6 dB over has 0.67 of them in
  /// theory and still is a sound, but no music has half of its samples there.
  package static let fullScaleShare = 0.5

  package init() {}

  /// Reads, hashes and decodes `file` whole.
  ///
  /// - Throws: `AudioError`, one of the reading or judging codes.
  package func inspect(_ file: URL, expecting expectation: ArtifactExpectation) throws(AudioError) -> AudioFacts {
    try inspect(try AudioReader.bytes(of: file), name: file.path, expecting: expectation)
  }

  package func inspect(
    _ bytes: [UInt8], name: String, expecting expectation: ArtifactExpectation
  ) throws(AudioError) -> AudioFacts {
    let sha256 = SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
    if let recorded = expectation.sha256, recorded != sha256 {
      throw AudioError(.wrongDigest, "has SHA-256 \(sha256), recorded was \(recorded); render it again", file: name)
    }
    let audio = try AudioReader.decode(bytes, name: name, maximumSamples: expectation.frames * expectation.channels)
    try checkForm(of: audio, expectation, name)
    let signal = try checkSignal(of: audio, name)
    if let samples = expectation.samples {
      guard audio.samples.elementsEqual(samples, by: { $0 * PCM24.fullScale == Float($1) }) else {
        throw AudioError(.wrongSamples, "decodes to other samples than were rendered", file: name)
      }
    }
    // Last: whoever hears of it knows that the file is sound.
    if let tags = expectation.tags, AudioTags(title: audio.title ?? "", comment: audio.comment ?? "") != tags {
      throw AudioError(
        .wrongTags,
        "is of \(quoted(audio.title ?? "")) with \(audio.comment ?? "no seed"), expected "
          + "\(quoted(tags.title)) with \(tags.comment)", file: name)
    }
    let loudness = LoudnessMeter(sampleRate: audio.sampleRate)?.integratedLUFS(of: audio.samples)
    return AudioFacts(
      sampleRate: audio.sampleRate, channels: audio.channels, frames: audio.frames, sha256: sha256, bytes: bytes.count,
      peakDBFS: 20 * log10(Double(signal.peak)), rmsDBFS: 10 * log10(signal.meanSquare), integratedLUFS: loudness)
  }

  private func checkForm(
    of audio: DecodedAudio, _ expectation: ArtifactExpectation, _ name: String
  ) throws(AudioError) {
    if let format = expectation.format {
      guard audio.container.rawValue == format.rawValue, audio.sampleFormat == .pcm24 else {
        throw AudioError(
          .wrongContainer,
          "is \(audio.container.rawValue) of \(audio.sampleFormat.rawValue), expected \(format.rawValue) of pcm24",
          file: name)
      }
    }
    guard audio.channels == expectation.channels else {
      throw AudioError(.wrongChannels, "has \(audio.channels) channels, expected \(expectation.channels)", file: name)
    }
    guard audio.sampleRate == expectation.sampleRate else {
      throw AudioError(
        .wrongRate, "runs at \(audio.sampleRate) Hz, expected \(expectation.sampleRate) Hz", file: name)
    }
    guard audio.frames == expectation.frames, audio.declaredFrames == expectation.frames else {
      throw AudioError(
        .wrongFrames,
        "has \(audio.frames) frames (its header says \(audio.declaredFrames)), expected \(expectation.frames)",
        file: name)
    }
  }

  private func checkSignal(of audio: DecodedAudio, _ name: String) throws(AudioError) -> SignalStatistics {
    let signal: SignalStatistics
    do {
      signal = try SignalStatistics(audio.samples)
    } catch {
      throw AudioError(.notFinite, "sample \(error.index) is not finite; render it again", file: name)
    }
    guard signal.swing >= ArtifactInspector.silentBelow else {
      throw AudioError(.silent, "is silent (no sample moves by -80 dBFS)", file: name)
    }
    guard signal.fullScaleShare <= ArtifactInspector.fullScaleShare else {
      let percent = Int((signal.fullScaleShare * 100).rounded())
      throw AudioError(.stuckAtFullScale, "is stuck: \(percent) % of its samples are at full scale", file: name)
    }
    return signal
  }
}
