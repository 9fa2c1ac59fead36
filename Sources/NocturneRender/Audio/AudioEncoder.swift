import CSndFile
package import NocturneManifest

/// Mono 24-bit FLAC or WAV in memory: a pure function of samples and tags (for one build of libFLAC, see `identity`).
package enum AudioEncoder {
  /// - Throws: `AudioError.encoderFailed`.
  package static func encode(_ audio: PCM24, tags: AudioTags, format: AudioFormat) throws(AudioError) -> [UInt8] {
    let container = format == .flac ? SF_FORMAT_FLAC : SF_FORMAT_WAV
    var info = SF_INFO()
    info.samplerate = Int32(audio.sampleRate)
    info.channels = 1
    info.format = Int32(container | SF_FORMAT_PCM_24)
    let memory = MemoryFile()
    return try withExtendedLifetime(memory) { () throws(AudioError) -> [UInt8] in
      guard let file = memory.open(Int32(SFM_WRITE), &info) else {
        throw failure("cannot start \(format.rawValue) at \(audio.sampleRate) Hz", sf_error(nil))
      }
      do throws(AudioError) {
        try write(audio, tags, to: file)
      } catch {
        sf_close(file)
        throw error
      }
      let status = sf_close(file)
      guard status == 0 else { throw failure("cannot finish the file", status) }
      return memory.bytes
    }
  }

  private static func write(_ audio: PCM24, _ tags: AudioTags, to file: OpaquePointer) throws(AudioError) {
    // The PEAK chunk of a WAV holds the time of day.
    sf_command(file, Int32(SFC_SET_ADD_PEAK_CHUNK), nil, Int32(SF_FALSE))
    // Before the samples, or libsndfile puts WAV tags at the end. SF_STR_SOFTWARE stays unset: it adds its own version.
    for (kind, text) in [(SF_STR_TITLE, tags.title), (SF_STR_COMMENT, tags.comment)] where !text.isEmpty {
      guard sf_set_string(file, Int32(kind), text) == 0 else { throw failure("cannot write a tag", sf_error(file)) }
    }
    // libsndfile takes 24-bit samples in the upper bits of 32.
    let shifted = audio.samples.map { $0 << 8 }
    guard sf_writef_int(file, shifted, sf_count_t(shifted.count)) == sf_count_t(shifted.count) else {
      throw failure("cannot write \(shifted.count) samples", sf_error(file))
    }
  }

  private static func failure(_ what: String, _ status: Int32) -> AudioError {
    AudioError(.encoderFailed, "\(what): \(String(cString: sf_error_number(status)))", file: "encoding audio")
  }

  /// What the bytes of a FLAC depend on besides samples and tags: `libsndfile-1.2.0, reference libFLAC 1.4.2 20221022`.
  /// Two machines whose identities differ decode to equal samples but may disagree on the SHA-256.
  package static let identity: String = {
    let library = String(cString: sf_version_string())
    let silence = PCM24(samples: [0], sampleRate: 24_000)
    guard let bytes = try? encode(silence, tags: AudioTags(title: "", comment: ""), format: .flac),
      let vendor = FLACHeader(bytes)?.vendor
    else { return library }
    return "\(library), \(vendor)"
  }()
}
