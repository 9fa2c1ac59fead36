import NocturneCPU
import NocturneModels
import NocturneTensor
import Testing

/// Weights that are finite and overflow all the same: nothing that comes of them may pass for music.
struct DivergedTests {
  private static let huge: Float = 3e38

  private func diverged(_ key: String, in module: String, _ shape: Shape, _ backend: any Backend) throws -> MeLoDy {
    let broken = try BrokenCheckpoint()
    try broken.replace(key, in: module, with: (shape, Self.huge))
    return try broken.load(on: backend)
  }

  private static let backends: [@Sendable () -> any Backend] = [
    { ReferenceBackend() }, { CPUBackend(threads: 2, precision: .f32) }, { CPUBackend(threads: 2, precision: .int8) },
  ]

  @Test(arguments: backends.indices)
  func anEmbeddingThatIsNotFiniteIsNoCaptionsPrefix(backend: Int) throws {
    let melody = try diverged(
      "bert.encoder.layer.1.output.LayerNorm.weight", in: "mulan_text", [64], Self.backends[backend]())
    let error = try #require(throws: NotFiniteError.self) { try melody.embed(["calm piano"]) }
    #expect(error.description.hasSuffix("of the caption's embedding is not finite"))
  }

  @Test(arguments: backends.indices, [SemanticSampling(), SemanticSampling(temperature: 0), SemanticSampling(topK: 4)])
  func noTokenIsDrawnFromLogitsThatAreNotFinite(backend: Int, sampling: SemanticSampling) throws {
    // Of an embedding of such numbers a norm's squares overflow, and what is divided by their root would be zeros.
    for (key, shape) in [("norm.weight", Shape([64])), ("embedding.weight", [97, 64])] {
      let melody = try diverged(key, in: "lm", shape, Self.backends[backend]())
      let error = try #require(throws: NotFiniteError.self, "\(key)") {
        try melody.semanticTokens(
          prefixes: [[1, 2, 3, 4]], count: 3, seeds: [5], sampling: sampling, progress: { _ in })
      }
      #expect(error.description == "a logit of semantic token 0 is not finite")
    }
  }

  @Test(arguments: backends.indices)
  func latentsThatAreNotFiniteStaySo(backend: Int) throws {
    let melody = try diverged("output_norm.weight", in: "dpd", [96], Self.backends[backend]())
    let latents = try melody.latents(
      semantic: [[1, 2, 3, 4, 5, 6, 7, 8]], frames: 80, request: DiffusionRequest(steps: 2), seeds: [5],
      progress: { _ in })
    #expect(latents[0].values.contains { !$0.isFinite })
  }

  @Test func aChoiceNeedsFiniteLogits() {
    for bad in [Float.nan, .infinity, -.infinity] {
      #expect(SemanticSampling().choose(from: [0, bad, 1], u: 0.5) == nil)
      #expect(SemanticSampling(temperature: 0).choose(from: [0, bad, 1], u: 0.5) == nil)
    }
    #expect(SemanticSampling(temperature: 0).choose(from: [0, -3e38, 3e38], u: 0.5) == 2)
  }
}
