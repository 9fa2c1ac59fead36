/// Mono audio as 24-bit integers, which is what a finished file holds.
package struct PCM24: Hashable, Sendable {
  /// -8,388,608 ... 8,388,607.
  package var samples: [Int32]
  /// Samples per second.
  package var sampleRate: Int

  /// Steps from silence to full scale: 2^23.
  package static let fullScale: Float = 8_388_608

  package init(samples: [Int32], sampleRate: Int) {
    self.samples = samples
    self.sampleRate = sampleRate
  }

  /// Rounds to the nearest of the 2^24 steps (ties to even) and clamps to [-1, 1). Never scaled, and no dither: noise
  /// would lie 144 dB below full scale, under that of any model, and equal renders must have equal bytes.
  ///
  /// - Throws: the index of the first sample that is NaN or infinite.
  package init(rounding values: some Sequence<Float>, sampleRate: Int) throws(NotFinite) {
    var samples: [Int32] = []
    samples.reserveCapacity(values.underestimatedCount)
    for value in values {
      guard value.isFinite else { throw NotFinite(index: samples.count) }
      let step = (value * PCM24.fullScale).rounded(.toNearestOrEven)
      samples.append(Int32(min(max(step, -PCM24.fullScale), PCM24.fullScale - 1)))
    }
    self.init(samples: samples, sampleRate: sampleRate)
  }

  /// Exact: a Float holds 24 bits.
  package var values: [Float] { samples.map { Float($0) / PCM24.fullScale } }

  /// The first sample that is not a number.
  package struct NotFinite: Error, Hashable, Sendable {
    package let index: Int

    package init(index: Int) { self.index = index }
  }
}
