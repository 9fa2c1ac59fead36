import Foundation
import NocturneManifest
import NocturneRender
import Testing

@Suite struct ArtifactInspectorTests {
  private let inspector = ArtifactInspector()
  private let sine = Signals.sine(440, amplitude: 0.5, seconds: 1, sampleRate: 24_000)
  private let expected = ArtifactExpectation(sampleRate: 24_000, frames: 24_000)

  private func bytes(_ samples: [Float], format: AudioFormat = .flac, rate: Int = 24_000) throws -> [UInt8] {
    try AudioEncoder.encode(
      try PCM24(rounding: samples, sampleRate: rate), tags: AudioTags(caption: "c", seed: 1, fingerprint: "f"),
      format: format)
  }

  private func fault(_ bytes: [UInt8], _ expectation: ArtifactExpectation? = nil) -> AudioError.Code? {
    do throws(AudioError) {
      _ = try inspector.inspect(bytes, name: "clip", expecting: expectation ?? expected)
      return nil
    } catch {
      #expect(!error.description.contains("\n"))
      #expect(error.description.hasPrefix("clip: "))
      return error.code
    }
  }

  @Test(arguments: AudioFormat.allCases)
  func aSoundFileIsDescribed(format: AudioFormat) throws {
    let bytes = try bytes(sine, format: format)
    let facts = try inspector.inspect(bytes, name: "clip", expecting: expected)
    #expect(facts.frames == 24_000)
    #expect(facts.sampleRate == 24_000)
    #expect(facts.channels == 1)
    #expect(facts.bytes == bytes.count)
    #expect(abs(facts.peakDBFS - -6.0206) < 0.001)
    #expect(abs(facts.rmsDBFS - -9.0309) < 0.001)
    #expect(try #require(facts.integratedLUFS) < -8)
  }

  @Test func theDigestIsTheOneOfTheBytes() throws {
    let bytes = FloatWAV.bytes((0..<24_000).map { Float($0) / 32_768 })
    let facts = try inspector.inspect(bytes, name: "clip", expecting: expected)
    #expect(facts.sha256 == "20bc10b7d8a09a6b3b78a82d303867da806707e7168f57b1cb37cb46d871d2db")
  }

  @Test func anyTruncationIsFound() throws {
    for format in AudioFormat.allCases {
      let whole = try bytes(sine, format: format)
      for count in [0, 1, 3, 20, 43, 60, whole.count / 3, whole.count / 2, whole.count - 400, whole.count - 3] {
        #expect(fault(Array(whole.prefix(count))) != nil, "\(format) cut to \(count) of \(whole.count)")
      }
    }
  }

  @Test func anyFlippedBitInFLACFramesIsFound() throws {
    let whole = try bytes(sine)
    let start = whole.count / 10
    for position in stride(from: start, to: whole.count, by: 97) {
      var damaged = whole
      damaged[position] ^= 1 << UInt8(position % 8)
      #expect(fault(damaged) == .damaged || fault(damaged) == .wrongFrames, "byte \(position) of \(whole.count)")
    }
  }

  @Test func samplesThatTheirOwnHeaderDisownsAreFound() throws {
    var bytes = try bytes(sine)
    // Within the MD5 of STREAMINFO, which libsndfile does not check.
    bytes[30] ^= 1
    #expect(fault(bytes) == .damaged)
  }

  @Test func damageIsFoundWithoutADigest() throws {
    var bytes = try bytes(sine)
    for index in 26..<42 { bytes[index] = 0 }  // "not computed"
    #expect(fault(bytes) == nil)
    bytes[bytes.count / 2] ^= 0x10
    #expect(fault(bytes) == .damaged || fault(bytes) == .wrongFrames)
    #expect(throws: AudioError.self) { try AudioReader.decode(bytes, name: "clip") }
  }

  @Test func anotherContainerOrSampleFormatIsFound() throws {
    var flac = expected
    flac.format = .flac
    #expect(fault(try bytes(sine), flac) == nil)
    #expect(fault(try bytes(sine, format: .wav), flac) == .wrongContainer)
    var wav = expected
    wav.format = .wav
    #expect(fault(try bytes(sine, format: .wav), wav) == nil)
    #expect(fault(FloatWAV.bytes(sine), wav) == .wrongContainer)
  }

  @Test func aFileOfHoursIsNotDecodedToItsEnd() throws {
    let long = PCM24(samples: [Int32](repeating: 0, count: 300 * 24_000), sampleRate: 24_000)
    let bytes = try AudioEncoder.encode(long, tags: AudioTags(title: "", comment: ""), format: .flac)
    let decoded = try AudioReader.decode(bytes, name: "clip", maximumSamples: 24_000)
    #expect(decoded.frames == 65_536)
    #expect(fault(bytes) == .wrongFrames)
  }

  @Test func aFileOfManyChannelsIsNotDecodedToItsEnd() throws {
    let bytes = FloatWAV.bytes([Float](repeating: 0.25, count: 240_000), channels: 1_000)
    let decoded = try AudioReader.decode(bytes, name: "clip", maximumSamples: 24_000)
    #expect(decoded.channels == 1_000 && decoded.samples.count == 65_000)
    #expect(fault(bytes) == .wrongChannels)
  }

  @Test(arguments: AudioFormat.allCases)
  func anyFlippedBitChangesTheDigest(format: AudioFormat) throws {
    var bytes = try bytes(sine, format: format)
    var expectation = expected
    expectation.sha256 = try inspector.inspect(bytes, name: "clip", expecting: expected).sha256
    #expect(fault(bytes, expectation) == nil)
    bytes[bytes.count - 1] ^= 1
    #expect(fault(bytes, expectation) == .wrongDigest)
  }

  @Test func samplesOtherThanRenderedAreFound() throws {
    var samples = try PCM24(rounding: sine, sampleRate: 24_000).samples
    var expectation = expected
    expectation.samples = samples
    #expect(fault(try bytes(sine, format: .wav), expectation) == nil)
    samples[12_345] += 1
    expectation.samples = samples
    #expect(fault(try bytes(sine, format: .wav), expectation) == .wrongSamples)
  }

  @Test func anotherLengthOrRateIsFound() throws {
    #expect(fault(try bytes(Array(sine.dropLast()))) == .wrongFrames)
    #expect(fault(try bytes(sine + [0])) == .wrongFrames)
    #expect(fault(try bytes(sine, rate: 48_000)) == .wrongRate)
    var stereo = expected
    stereo.channels = 2
    #expect(fault(try bytes(sine), stereo) == .wrongChannels)
  }

  @Test func silenceIsFoundAndQuietIsNot() throws {
    func tone(_ decibels: Double) throws -> [UInt8] {
      try bytes(
        Signals.sine(440, amplitude: Signals.amplitude(decibels), seconds: 1, sampleRate: 24_000), format: .wav)
    }
    #expect(fault(try bytes([Float](repeating: 0, count: 24_000))) == .silent)
    #expect(fault(try bytes([Float](repeating: 0.5, count: 24_000))) == .silent)
    #expect(fault(try tone(-81)) == .silent)
    #expect(fault(try tone(-79)) == nil)
  }

  @Test func aRailIsFoundAndNoiseIsNot() throws {
    let square = (0..<24_000).map { Float($0 % 50 < 25 ? 1 : -1) }
    #expect(fault(try bytes(square)) == .stuckAtFullScale)
    #expect(fault(try bytes(Signals.noise(count: 24_000, amplitude: 1, seed: 3))) == nil)
    let overdriven = sine.map { min(max($0 * 2.4, -1), 1) }
    #expect(fault(try bytes(overdriven)) == nil)
  }

  @Test func aNaNInAFloatFileIsFound() {
    var samples = sine
    #expect(fault(FloatWAV.bytes(samples)) == nil)
    samples[100] = .nan
    #expect(fault(FloatWAV.bytes(samples)) == .notFinite)
    samples[100] = .infinity
    #expect(fault(FloatWAV.bytes(samples)) == .notFinite)
  }

  @Test func whatIsNoAudioIsRefused() {
    #expect(fault([]) == .notAudio)
    #expect(fault(Array("fLaC and then a letter to the editor".utf8)) == .notAudio)
    #expect(fault(Array(repeating: 0x52, count: 4_096)) == .notAudio)
  }

  @Test func aMissingFileIsTold() {
    let error = #expect(throws: AudioError.self) {
      try inspector.inspect(URL(fileURLWithPath: "/nowhere/a.flac"), expecting: expected)
    }
    #expect(error?.code == .cannotRead)
  }
}

/// A WAV of 32-bit floats, which the encoder never writes.
enum FloatWAV {
  static func bytes(_ samples: [Float], channels: Int = 1) -> [UInt8] {
    let data = UInt32(samples.count * 4)
    var bytes: [UInt8] = []
    func append<Number: FixedWidthInteger>(_ number: Number) {
      withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
    bytes += Array("RIFF".utf8)
    append(36 + data)
    bytes += Array("WAVEfmt ".utf8)
    append(UInt32(16))
    append(UInt16(3))  // IEEE float
    append(UInt16(channels))
    append(UInt32(24_000))
    append(UInt32(96_000 * channels))
    append(UInt16(4 * channels))
    append(UInt16(32))
    bytes += Array("data".utf8)
    append(data)
    for sample in samples { append(sample.bitPattern) }
    return bytes
  }
}
