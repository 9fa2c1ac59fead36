import NocturneRender
import Testing

/// Known answers: ITU-R BS.1770-4 (997 Hz), EBU Tech 3341 (the -23 LUFS and gating cases; mono here, so 3.01 dB higher).
@Suite struct LoudnessTests {
  private static let rates = [16_000, 24_000, 32_000, 44_100, 48_000, 96_000]

  private func loudness(_ samples: [Float], rate: Int = 24_000) throws -> Double? {
    try #require(LoudnessMeter(sampleRate: rate)).integratedLUFS(of: samples)
  }

  /// 1 kHz tone at each level in turn.
  private func tones(_ parts: [(decibels: Double, seconds: Double)], rate: Int = 24_000) -> [Float] {
    parts.flatMap {
      Signals.sine(1_000, amplitude: Signals.amplitude($0.decibels), seconds: $0.seconds, sampleRate: rate)
    }
  }

  @Test(arguments: rates)
  func aFullScaleSineReadsMinusThree(rate: Int) throws {
    let found = try #require(
      try loudness(Signals.sine(997, amplitude: 1, seconds: 5, sampleRate: rate), rate: rate))
    #expect(abs(found - -3.01) < 0.1, "\(found) at \(rate) Hz")
  }

  @Test(arguments: rates)
  func theWeightingIsTheSameAtEveryRate(rate: Int) throws {
    let meter = try #require(LoudnessMeter(sampleRate: rate))
    let published = try #require(LoudnessMeter(sampleRate: 48_000))
    for frequency in [20.0, 38, 60, 100, 500, 1_000, 1_500, 2_000, 3_000] {
      let difference = meter.gainDB(at: frequency) - published.gainDB(at: frequency)
      #expect(abs(difference) < 0.2, "\(frequency) Hz at \(rate): \(difference) dB")
    }
  }

  @Test func theWeightingHasItsPublishedShape() throws {
    let meter = try #require(LoudnessMeter(sampleRate: 24_000))
    #expect(abs(meter.gainDB(at: 10_000) - 4.0) < 0.2)
    #expect(abs(meter.gainDB(at: 997) - 0.69) < 0.05)
    #expect(abs(meter.gainDB(at: 38.135) - -6) < 0.2)
  }

  @Test func loudnessFollowsTheLevel() throws {
    for (level, expected) in [(-20.0, -23.0), (-30, -33), (-66, -69)] {
      let found = try #require(try loudness(tones([(level, 20)])))
      #expect(abs(found - expected) < 0.1, "\(found)")
    }
  }

  @Test func quietPartsBelowTheRelativeGateDoNotCount() throws {
    // Tech 3341 case 3: the parts at -36 are 13 dB below and drop out.
    let found = try #require(try loudness(tones([(-33, 10), (-20, 60), (-33, 10)])))
    #expect(abs(found - -23) < 0.1, "\(found)")
  }

  @Test func silenceBelowTheAbsoluteGateDoesNotCount() throws {
    // Case 4: without the absolute gate the mean, and so the relative gate, would sink.
    let found = try #require(try loudness(tones([(-69, 10), (-33, 10), (-20, 60), (-33, 10), (-69, 10)])))
    #expect(abs(found - -23) < 0.1, "\(found)")
  }

  @Test func partsAboveTheRelativeGateAverageByPower() throws {
    // Case 5: -26, -20, -26 average to -23 and none is 10 LU below that.
    let found = try #require(try loudness(tones([(-23, 20), (-17, 20.1), (-23, 20)])))
    #expect(abs(found - -23) < 0.1, "\(found)")
  }

  @Test func tooShortOrTooQuietHasNoLoudness() throws {
    #expect(try loudness(tones([(-20, 0.399)])) == nil)
    #expect(try loudness(tones([(-20, 0.4)])) != nil)
    #expect(try loudness(tones([(-75, 5)])) == nil)
    #expect(try loudness([]) == nil)
    #expect(LoudnessMeter(sampleRate: 4_000) == nil)
  }
}
