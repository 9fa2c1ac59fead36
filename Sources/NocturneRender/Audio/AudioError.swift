/// A fault in encoding, reading or judging an audio file.
package struct AudioError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable, CaseIterable {
    // Encoding.
    case encoderFailed
    // Reading.
    case cannotRead, notAudio, damaged
    // Judging: decoded, but not what was asked for.
    case wrongContainer, wrongFrames, wrongRate, wrongChannels, wrongSamples, wrongDigest, wrongTags
    case notFinite, silent, stuckAtFullScale
  }

  package var code: Code
  /// What is wrong and what to do about it, on one line.
  package var message: String
  /// The file, or what stands for one that is still in memory.
  package var file: String

  package init(_ code: Code, _ message: String, file: String) {
    self.code = code
    self.message = message
    self.file = file
  }

  package var description: String { "\(file): \(message)" }
}
