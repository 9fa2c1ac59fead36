import Foundation
import NocturneTensor
import Testing

// The published vectors are of the block itself; the streams are then checked against blocks.

@Suite struct PhiloxVectors {
  /// Known answers of the authors' Random123 distribution for philox4x32-10.
  @Test(arguments: [
    (SIMD4<UInt32>(0, 0, 0, 0), SIMD2<UInt32>(0, 0), SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
    (
      SIMD4<UInt32>(repeating: .max), SIMD2<UInt32>(repeating: .max),
      SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), SIMD2<UInt32>(0xa409_3822, 0x299f_31d0),
      SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ])
  func blockAnswersThePublishedVectors(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, answer: SIMD4<UInt32>) {
    #expect(Philox.block(counter, key: key) == answer)
  }
}

@Suite struct RandomStreamTests {
  let stream = RandomStream(seed: 0x0123_4567_89ab_cdef, stage: .diffusionNoise, lane: 7)

  @Test func wordsAreTheBlockOfIndexLaneAndStageUnderTheSeed() {
    let index: UInt64 = 0x5_0000_0003 * 4
    let block = Philox.block(SIMD4(3, 5, 7, 2), key: SIMD2(0x89ab_cdef, 0x0123_4567))
    for word in 0..<4 { #expect(stream.word(at: index + UInt64(word)) == block[word]) }
  }

  @Test func everyElementIsTheSameAloneAndInARun() {
    for start: UInt64 in [0, 1, 2, 3, 4, 1001] {
      for count in [0, 1, 2, 3, 4, 5, 18] {
        let (normals, uniforms) = (
          stream.normals(count: count, from: start), stream.uniforms(count: count, from: start)
        )
        #expect(normals == (0..<count).map { stream.normal(at: start + UInt64($0)) })
        #expect(uniforms == (0..<count).map { Float(stream.uniform(at: start + UInt64($0))) })
      }
    }
  }

  @Test func boxMullerPairsShareARadius() {
    for pair in stride(from: UInt64(0), to: 64, by: 2) {
      let (a, b) = (Double(stream.normal(at: pair)), Double(stream.normal(at: pair + 1)))
      let radius = a * a + b * b
      let u = stream.uniform(at: pair)
      #expect(abs(radius + 2 * log(u)) < 1e-5 * max(1, radius))
    }
  }

  @Test func normalsHaveTheMomentsOfTheStandardNormal() {
    let values = stream.normals(count: 200_000).map(Double.init)
    let mean = values.reduce(0, +) / 200_000
    let variance = values.reduce(0) { $0 + $1 * $1 } / 200_000
    let fourth = values.reduce(0) { $0 + $1 * $1 * $1 * $1 } / 200_000
    #expect(abs(mean) < 0.01)
    #expect(abs(variance - 1) < 0.015)
    #expect(abs(fourth - 3) < 0.1)
  }

  @Test func seedStageAndLaneEachMakeAnotherStream() {
    let others = [
      RandomStream(seed: 0x0123_4567_89ab_cdee, stage: .diffusionNoise, lane: 7),
      RandomStream(seed: 0x1123_4567_89ab_cdef, stage: .diffusionNoise, lane: 7),
      RandomStream(seed: 0x0123_4567_89ab_cdef, stage: .semanticSampling, lane: 7),
      RandomStream(seed: 0x0123_4567_89ab_cdef, stage: .diffusionNoise, lane: 8),
    ]
    for other in others { #expect(other.normals(count: 8) != stream.normals(count: 8)) }
  }
}
