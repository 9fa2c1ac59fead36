import Foundation

/// Integrated loudness of mono audio (ITU-R BS.1770-4): K-weighting, 400 ms blocks that overlap by three quarters, an
/// absolute gate at -70 LUFS and a relative one 10 LU below what passed it.
package struct LoudnessMeter: Sendable {
  package let sampleRate: Int
  private let shelf: Biquad
  private let highPass: Biquad

  /// Annex 1, tables 1 and 2: at 48 kHz.
  private static let shelfAt48kHz = Biquad(
    b0: 1.53512485958697, b1: -2.69169618940638, b2: 1.19839281085285, a1: -1.69065929318241, a2: 0.73248077421585)
  private static let highPassAt48kHz = Biquad(b0: 1, b1: -2, b2: 1, a1: -1.99004745483398, a2: 0.99007225036621)

  /// Nil below 8 kHz, where the shelf no longer fits.
  package init?(sampleRate: Int) {
    guard sampleRate >= 8_000 else { return nil }
    self.sampleRate = sampleRate
    let rate = Double(sampleRate)
    shelf = LoudnessMeter.shelfAt48kHz.retuned(from: 48_000, to: rate)
    highPass = LoudnessMeter.highPassAt48kHz.retuned(from: 48_000, to: rate)
  }

  /// The K-weighting's gain at a frequency in Hz.
  package func gainDB(at frequency: Double) -> Double {
    let rate = Double(sampleRate)
    return 20 * log10(shelf.magnitude(at: frequency, rate: rate) * highPass.magnitude(at: frequency, rate: rate))
  }

  /// LUFS; nil when the clip is shorter than one block or never passes the absolute gate. Linear in the samples.
  package func integratedLUFS(of samples: [Float]) -> Double? {
    let powers = blockPowers(of: samples)
    let audible = powers.filter { loudness(of: $0) > -70 }
    guard !audible.isEmpty else { return nil }
    let gate = loudness(of: mean(audible)) - 10
    let counted = audible.filter { loudness(of: $0) > gate }
    // The loudest block always is above the mean less 10 LU.
    return loudness(of: mean(counted))
  }

  /// Mean square of the K-weighted signal in each whole 400 ms block, one every 100 ms.
  private func blockPowers(of samples: [Float]) -> [Double] {
    let step = sampleRate / 10
    guard samples.count >= 4 * step else { return [] }
    var shelfRun = BiquadRun(shelf)
    var highPassRun = BiquadRun(highPass)
    var sums: [Double] = []
    for start in stride(from: 0, through: samples.count - step, by: step) {
      var sum = 0.0
      for sample in samples[start..<start + step] {
        let y = highPassRun.next(shelfRun.next(Double(sample)))
        sum += y * y
      }
      sums.append(sum)
    }
    return (0...(sums.count - 4)).map { sums[$0..<$0 + 4].reduce(0, +) / Double(4 * step) }
  }

  private func loudness(of power: Double) -> Double { -0.691 + 10 * log10(power) }

  private func mean(_ powers: [Double]) -> Double { powers.reduce(0, +) / Double(powers.count) }
}
