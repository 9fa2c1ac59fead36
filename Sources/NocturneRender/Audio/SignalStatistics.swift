/// One pass over a clip's samples.
struct SignalStatistics: Hashable, Sendable {
  /// Highest absolute sample.
  var peak: Float
  /// Half of the distance between the highest and the lowest sample.
  var swing: Float
  var meanSquare: Double
  /// Share of the samples at or above `ArtifactInspector.fullScaleFrom`.
  var fullScaleShare: Double

  /// - Throws: the index of the first sample that is NaN or infinite.
  init(_ samples: [Float]) throws(PCM24.NotFinite) {
    var lowest: Float = .infinity
    var highest: Float = -.infinity
    var sum = 0.0
    var atFullScale = 0
    for (index, sample) in samples.enumerated() {
      guard sample.isFinite else { throw PCM24.NotFinite(index: index) }
      lowest = min(lowest, sample)
      highest = max(highest, sample)
      sum += Double(sample) * Double(sample)
      if abs(sample) >= ArtifactInspector.fullScaleFrom { atFullScale += 1 }
    }
    let count = Double(max(samples.count, 1))
    peak = samples.isEmpty ? 0 : max(highest, -lowest)
    swing = samples.isEmpty ? 0 : (highest - lowest) / 2
    meanSquare = sum / count
    fullScaleShare = Double(atFullScale) / count
  }
}
