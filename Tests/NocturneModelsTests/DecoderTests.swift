import NocturneModels
import NocturneTensor
import Testing

/// Model.md section 10, check 7 for the decoder.
struct DecoderTests {
  private func latents(_ frames: Int, on backend: any Backend) -> Tensor {
    Tensor(RandomStream(seed: 6, stage: .test).normals(count: frames * 16), shape: [frames, 16], on: backend)
      .clamped(low: -1, high: 1)
  }

  @Test(arguments: TestedBackend.allCases, [1, 2, 7, 33])
  func everyLatentFrameBecomesExactly96Samples(backend: TestedBackend, frames: Int) throws {
    let melody = backend.melody
    let audio = try melody.waveform(latents(frames, on: melody.backend), progress: { _ in })
    #expect(audio.count == frames * 96)
    #expect(audio.allSatisfy { abs($0) <= 1 })
  }

  @Test(arguments: TestedBackend.allCases)
  func chunksMeetWithoutASeam(backend: TestedBackend) throws {
    let melody = backend.melody
    let z = latents(150, on: melody.backend)
    let whole = melody.decoder(z.reshaped([1, 150, 16])).values
    var chunks: [Int] = []
    let pieces = try melody.decoder.decode(z, chunkFrames: 40) { chunks.append($0) }
    expectAgreement(pieces, whole, within: backend == .reference ? 1e-6 : 1e-5, "chunked decode")
    #expect(chunks == [1, 2, 3, 4])
    #expect(try melody.decoder.decode(z, chunkFrames: 40, progress: { _ in }) == pieces)
  }

  /// The margin is enough because a changed frame reaches no sample beyond it.
  @Test func aFrameReachesNoFurtherThanTheMargin() {
    let melody = TestedBackend.reference.melody
    let reach = WaveformDecoder.reach(melody.configuration.vae.decoder)
    #expect(reach <= melody.decoder.margin)
    let (frames, changed) = (60, 30)
    let z = latents(frames, on: melody.backend)
    var values = z.values
    for channel in 0..<16 { values[changed * 16 + channel] += 1 }
    let before = melody.decoder(z.reshaped([1, frames, 16])).values
    let after = melody.decoder(Tensor(values, shape: [1, frames, 16], on: melody.backend)).values
    let touched = before.indices.filter { before[$0] != after[$0] }
    #expect(touched.min()! >= (changed - reach) * 96 && touched.max()! < (changed + 1 + reach) * 96)
    #expect(touched.min()! < changed * 96)
  }

  @Test func paperReachesAbout17Frames() {
    let reach = WaveformDecoder.reach(NamedConfiguration.paper.configuration.vae.decoder)
    #expect((17...20).contains(reach))
  }
}
