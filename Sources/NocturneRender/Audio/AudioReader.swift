import CSndFile
import Crypto
package import Foundation

/// Decodes audio files (anything that libsndfile knows) to the last sample.
package enum AudioReader {
  /// - Throws: `AudioError.cannotRead`.
  package static func bytes(of file: URL) throws(AudioError) -> [UInt8] {
    do {
      return [UInt8](try Data(contentsOf: file))
    } catch {
      throw AudioError(.cannotRead, "cannot be read; check that it exists and its permissions", file: file.path)
    }
  }

  /// Decodes `bytes`, up to a block beyond `maximumSamples` of all channels together: few bytes of FLAC can hold days
  /// of silence, and a header may declare a thousand channels. A FLAC's samples must also match the MD5 in its header,
  /// which catches what slips past the CRCs.
  package static func decode(
    _ bytes: [UInt8], name: String, maximumSamples: Int = .max
  ) throws(AudioError) -> DecodedAudio {
    let memory = MemoryFile(bytes)
    return try withExtendedLifetime(memory) { () throws(AudioError) -> DecodedAudio in
      var info = SF_INFO()
      guard let file = memory.open(Int32(SFM_READ), &info) else {
        let reason = String(cString: sf_strerror(nil))
        throw AudioError(.notAudio, "is no audio file (\(reason)); render it again", file: name)
      }
      defer { sf_close(file) }
      var audio = DecodedAudio(info)
      audio.title = sf_get_string(file, Int32(SF_STR_TITLE)).map { String(cString: $0) }
      audio.comment = sf_get_string(file, Int32(SF_STR_COMMENT)).map { String(cString: $0) }
      audio.samples = try samples(of: file, channels: audio.channels, maximumSamples: maximumSamples, name: name)
      if audio.samples.count <= maximumSamples { try checkDigest(of: audio, in: bytes, name: name) }
      return audio
    }
  }

  /// Reads to the end in blocks: a hostile header may promise any number of frames.
  private static func samples(
    of file: OpaquePointer, channels: Int, maximumSamples: Int, name: String
  ) throws(AudioError) -> [Float] {
    let blockFrames = max(1, 65_536 / channels)
    var samples: [Float] = []
    var block = [Float](repeating: 0, count: blockFrames * channels)
    while samples.count <= maximumSamples {
      let count = Int(sf_readf_float(file, &block, sf_count_t(blockFrames)))
      guard sf_error(file) == 0 else {
        let reason = String(cString: sf_strerror(file))
        throw AudioError(
          .damaged, "is damaged near frame \(samples.count / channels) (\(reason)); render it again", file: name)
      }
      guard count > 0 else { break }
      samples.append(contentsOf: block[..<(count * channels)])
    }
    return samples
  }

  private static func checkDigest(of audio: DecodedAudio, in bytes: [UInt8], name: String) throws(AudioError) {
    guard audio.container == .flac, audio.sampleFormat == .pcm24, let stored = FLACHeader(bytes)?.samplesMD5
    else { return }
    var littleEndian: [UInt8] = []
    littleEndian.reserveCapacity(audio.samples.count * 3)
    for sample in audio.samples {
      let step = Int32(sample * PCM24.fullScale)
      littleEndian.append(UInt8(truncatingIfNeeded: step))
      littleEndian.append(UInt8(truncatingIfNeeded: step >> 8))
      littleEndian.append(UInt8(truncatingIfNeeded: step >> 16))
    }
    guard Insecure.MD5.hash(data: littleEndian).elementsEqual(stored) else {
      throw AudioError(.damaged, "decodes to other samples than were encoded; render it again", file: name)
    }
  }
}

extension DecodedAudio {
  fileprivate init(_ info: SF_INFO) {
    let format = Int(info.format)
    let container: Container =
      switch format & SF_FORMAT_TYPEMASK {
      case SF_FORMAT_FLAC: .flac
      case SF_FORMAT_WAV, SF_FORMAT_WAVEX: .wav
      default: .other
      }
    let sampleFormat: SampleFormat =
      switch format & SF_FORMAT_SUBMASK {
      case SF_FORMAT_PCM_16: .pcm16
      case SF_FORMAT_PCM_24: .pcm24
      case SF_FORMAT_FLOAT: .float32
      default: .other
      }
    self.init(
      container: container, sampleFormat: sampleFormat, sampleRate: Int(info.samplerate),
      channels: Int(info.channels), declaredFrames: Int(info.frames), samples: [])
  }
}
