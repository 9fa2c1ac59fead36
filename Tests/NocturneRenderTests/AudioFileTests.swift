import Foundation
import NocturneManifest
import NocturneRender
import Testing

@Suite struct AudioFileTests {
  private let tags = AudioTags(
    caption: "Ein Stück für Sitar – 静かな夜, \"quiet\"", seed: 9_007_199_254_740_991, fingerprint: "ab12")

  private func extremes() throws -> PCM24 {
    let steps: [Int32] = [0, 1, -1, 8_388_607, -8_388_608, 4_194_303, -4_194_305]
    let noise = try PCM24(rounding: Signals.noise(count: 30_000, amplitude: 0.9, seed: 1), sampleRate: 24_000)
    return PCM24(samples: steps + noise.samples, sampleRate: 24_000)
  }

  @Test(arguments: AudioFormat.allCases)
  func everyOneOf24BitsComesBack(format: AudioFormat) throws {
    let audio = try extremes()
    let decoded = try AudioReader.decode(try AudioEncoder.encode(audio, tags: tags, format: format), name: "a")
    #expect(decoded.samples == audio.values)
    #expect(decoded.container == (format == .flac ? .flac : .wav))
    #expect(decoded.sampleFormat == .pcm24)
    #expect(decoded.sampleRate == 24_000)
    #expect(decoded.channels == 1)
    #expect(decoded.declaredFrames == audio.samples.count)
  }

  @Test(arguments: AudioFormat.allCases)
  func tagsComeBackBeyondASCII(format: AudioFormat) throws {
    let bytes = try AudioEncoder.encode(try extremes(), tags: tags, format: format)
    let decoded = try AudioReader.decode(bytes, name: "a")
    #expect(decoded.title == tags.title)
    #expect(decoded.comment == "seed=9007199254740991 model=ab12")
  }

  @Test(arguments: AudioFormat.allCases)
  func whateverACaptionHoldsComesBack(format: AudioFormat) throws {
    let captions = [
      "a", " both ends ", "a tab\t, a line\nand\r\nmore", "COMMENT=seed=1", "\u{1}\u{7F}\u{85}", "e\u{301} é 🎻👩‍🎤 مرحبا",
      String(repeating: "é", count: 999) + "ab", "\"'\\%s%n",
    ]
    let inspector = ArtifactInspector()
    for caption in captions {
      let tags = AudioTags(caption: caption, seed: .max, fingerprint: "ab12")
      let bytes = try AudioEncoder.encode(try extremes(), tags: tags, format: format)
      #expect(try AudioReader.decode(bytes, name: "a").title == caption)
      var expected = ArtifactExpectation(sampleRate: 24_000, frames: try extremes().samples.count, tags: tags)
      _ = try inspector.inspect(bytes, name: "a", expecting: expected)
      for other in [
        AudioTags(caption: "!" + caption, seed: .max, fingerprint: "ab12"),
        AudioTags(caption: caption, seed: 1, fingerprint: "ab12"),
        AudioTags(caption: caption, seed: .max, fingerprint: "cd"),
      ] {
        expected.tags = other
        let error = #expect(throws: AudioError.self) { try inspector.inspect(bytes, name: "a", expecting: expected) }
        #expect(error?.code == .wrongTags)
      }
    }
  }

  @Test(arguments: AudioFormat.allCases)
  func equalAudioHasEqualBytes(format: AudioFormat) throws {
    let audio = try extremes()
    let bytes = try AudioEncoder.encode(audio, tags: tags, format: format)
    #expect(try AudioEncoder.encode(audio, tags: tags, format: format) == bytes)
    // Nothing in the header tells the time or the library's version: PEAK chunk, software and date tags.
    let header = String(decoding: bytes.prefix(1_000), as: UTF8.self)
    for mark in ["PEAK", "libsndfile", "ISFT", "ICRD", "SOFTWARE", "DATE"] {
      #expect(!header.contains(mark), "\(mark)")
    }
  }

  @Test(arguments: AudioFormat.allCases)
  func anEndlessCaptionIsCutAtACharacter(format: AudioFormat) throws {
    let long = AudioTags(title: String(repeating: "夜", count: 100_000), comment: "a\0b")
    #expect(long.title.utf8.count == 1_998)
    let decoded = try AudioReader.decode(try AudioEncoder.encode(try extremes(), tags: long, format: format), name: "a")
    #expect(decoded.title == long.title)
    #expect(decoded.comment == "ab")
  }

  @Test func samplesRoundToTheNearestStepAndStayInside() throws {
    let step = 1 / PCM24.fullScale
    let audio = try PCM24(rounding: [0.4 * step, 0.5 * step, 0.6 * step, 1.5 * step, 1, 7, -1, -7], sampleRate: 24_000)
    #expect(audio.samples == [0, 0, 1, 2, 8_388_607, 8_388_607, -8_388_608, -8_388_608])
  }

  @Test func aSampleThatIsNoNumberIsNamed() {
    #expect(throws: PCM24.NotFinite(index: 2)) { try PCM24(rounding: [0, 1, .nan], sampleRate: 24_000) }
    #expect(throws: PCM24.NotFinite(index: 0)) { try PCM24(rounding: [-.infinity], sampleRate: 24_000) }
  }

  @Test func theEncoderNamesItself() {
    #expect(AudioEncoder.identity.contains("libsndfile"))
    #expect(AudioEncoder.identity.contains("libFLAC"))
  }
}
