import Foundation

/// An endless row of random numbers, each a pure function of (seed, stage, lane, index): no batch, thread, worker or order
/// of calls can change one (ARCHITECTURE.md, "Random numbers").
package struct RandomStream: Hashable, Sendable {
  /// What the numbers are for; streams of different stages never overlap.
  package enum Stage: UInt32, Sendable {
    /// Lane 0; element = token position.
    case semanticSampling = 1
    /// Lane 0; element = frame * latentDim + channel.
    case diffusionNoise = 2
    /// Lane = first 32 bits, little-endian, of the SHA-256 of `<module>/<key>`; element = flat index.
    case weightInitialisation = 3
    /// Inputs of tests; never part of a rendering.
    case test = 0xFFFF_FFFF
  }

  package let seed: UInt64
  package let stage: Stage
  package let lane: UInt32

  package init(seed: UInt64, stage: Stage, lane: UInt32 = 0) {
    self.seed = seed
    self.stage = stage
    self.lane = lane
  }

  /// Element `index` as 32 random bits: word `index` mod 4 of block `index` / 4.
  package func word(at index: UInt64) -> UInt32 { block(index / 4)[Int(index % 4)] }

  /// Uniform in (0, 1), never 0 or 1: (word + 0.5) * 2^-32.
  package func uniform(at index: UInt64) -> Double { Self.uniform(word(at: index)) }

  /// Standard normal: words (0, 1) and (2, 3) of a block each make a Box-Muller pair.
  package func normal(at index: UInt64) -> Float {
    let words = block(index / 4)
    let pair = index % 4 < 2 ? Self.normals(words[0], words[1]) : Self.normals(words[2], words[3])
    return index % 2 == 0 ? pair.0 : pair.1
  }

  /// Elements `start..<start + count` as standard normals.
  package func normals(count: Int, from start: UInt64 = 0) -> [Float] {
    fill(count, start) { words in
      let (a, b) = (Self.normals(words[0], words[1]), Self.normals(words[2], words[3]))
      return SIMD4(a.0, a.1, b.0, b.1)
    }
  }

  /// Elements `start..<start + count` as uniforms, rounded to Float32 (so the top may round to 1).
  package func uniforms(count: Int, from start: UInt64 = 0) -> [Float] {
    fill(count, start) { words in
      SIMD4(
        Float(Self.uniform(words[0])), Float(Self.uniform(words[1])), Float(Self.uniform(words[2])),
        Float(Self.uniform(words[3])))
    }
  }

  /// Block by block, cut to the elements asked for.
  private func fill(_ count: Int, _ start: UInt64, _ values: (SIMD4<UInt32>) -> SIMD4<Float>) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialised in
      var index = 0
      while index < count {
        let element = start + UInt64(index)
        let four = values(block(element / 4))
        let within = Int(element % 4)
        for word in within..<min(4, within + count - index) { buffer[index + word - within] = four[word] }
        index += 4 - within
      }
      initialised = count
    }
  }

  private func block(_ index: UInt64) -> SIMD4<UInt32> {
    Philox.block(
      SIMD4(UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), lane, stage.rawValue),
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
  }

  private static func uniform(_ word: UInt32) -> Double { (Double(word) + 0.5) * 0x1p-32 }

  private static func normals(_ first: UInt32, _ second: UInt32) -> (Float, Float) {
    let radius = (-2 * log(uniform(first))).squareRoot()
    let angle = 2 * Double.pi * uniform(second)
    return (Float(radius * cos(angle)), Float(radius * sin(angle)))
  }
}
