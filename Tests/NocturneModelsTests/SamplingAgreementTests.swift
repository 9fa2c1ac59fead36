import NocturneModels
import NocturneTensor
import Testing

/// Sampled latents and finished clips against PyTorch.
struct SamplingAgreementTests {
  @Test(arguments: TestedBackend.exact)
  func noiseIsTheSame(backend: TestedBackend) throws {
    let fixture = try Fixture("sampler", on: backend.melody.backend)
    let noise = RandomStream(seed: fixture.seeds[1], stage: .diffusionNoise).normals(count: 160 * 16)
    #expect(try relativeDifference(noise, fixture.tensor("noise").values) < 1e-7)
  }

  @Test(arguments: TestedBackend.allCases)
  func sampledLatentsAgree(backend: TestedBackend) throws {
    let melody = backend.melody
    let fixture = try Fixture("sampler", on: melody.backend)
    let condition = melody.denoiser.condition(on: [try fixture.integers("tokens")])
    let noise = try fixture.clip("noise")
    let requests: [(String, DiffusionRequest)] = [
      ("linear", DiffusionRequest(steps: 5, guidance: 2.5, schedule: .linear)),
      ("uniform", DiffusionRequest(steps: 5, guidance: 2.5, schedule: .uniform)),
      ("no_guidance", DiffusionRequest(steps: 5, guidance: 1, schedule: .linear)),
    ]
    for (name, request) in requests {
      let z = try AngleSampler(request).run(noise) {
        melody.denoiser.velocity($0, angles: $1, condition: condition, guided: $2)
      }
      expectAgreement(z, try fixture.tensor("latents." + name), within: backend.tolerance, name)
    }
  }

  @Test(arguments: TestedBackend.allCases)
  func frozenFramesAgreeAndKeepTheirBits(backend: TestedBackend) throws {
    let melody = backend.melody
    let fixture = try Fixture("sampler", on: melody.backend)
    let condition = melody.denoiser.condition(on: [try fixture.integers("tokens")])
    let start = try fixture.clip("frozen.start")
    let frozen = (0..<160).map { $0 < 120 }
    let z = try AngleSampler(DiffusionRequest(), frozen: frozen).run(start) {
      melody.denoiser.velocity($0, angles: $1, condition: condition, guided: $2)
    }
    #expect(z.values.prefix(120 * 16) == start.values.prefix(120 * 16))
    expectAgreement(z, try fixture.tensor("frozen.latents"), within: backend.tolerance, "latents")
  }

  @Test(arguments: TestedBackend.exact, 0..<2)
  func captionsBecomeTheSameSound(backend: TestedBackend, clip: Int) throws {
    let melody = backend.melody
    let fixture = try Fixture("melody", on: melody.backend)
    let (caption, seed) = (TextAgreementTests.captions[clip], fixture.seeds[clip])
    let prefix = try melody.embed([caption])[0].tokens
    #expect(try prefix == fixture.integers("clip.\(clip).codes"))
    let tokens = try melody.semanticTokens(
      prefixes: [prefix], count: 16, seeds: [seed], sampling: SemanticSampling(melody.configuration.lm),
      progress: { _ in })
    #expect(try tokens[0] == fixture.integers("clip.\(clip).tokens"))
    let latents = try melody.latents(
      semantic: tokens, frames: 160, request: DiffusionRequest(), seeds: [seed], progress: { _ in })[0]
    let expected = try fixture.tensor("clip.\(clip).latents").clamped(low: -1, high: 1)
    expectAgreement(latents, expected, within: backend.tolerance, "latents")
    let audio = try melody.waveform(latents, progress: { _ in })
    expectAgreement(
      audio, try fixture.tensor("clip.\(clip).audio").values, within: backend.tolerance, "audio")
  }

  private func relativeDifference(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).map { Double(abs($0 - $1)) / max(1, Double(abs($1))) }.max() ?? .infinity
  }
}
