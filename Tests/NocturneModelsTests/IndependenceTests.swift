import Foundation
import NocturneCPU
import NocturneModels
import NocturneTensor
import Testing

/// Model.md section 10, check 10: an item's bits do not depend on its neighbours.
struct IndependenceTests {
  static let captions = [
    "calm piano", "dark techno with deep bass and noise, fast tempo", "a", "happy folk guitar song", "strings",
  ]
  static let seeds: [UInt64] = [1, 2, 3, 1 << 52, 11_400_714_819_323_198_485]

  @Test(arguments: TestedBackend.allCases)
  func tokensAndLatentsAreTheSameInBatchesOf1And3And5(backend: TestedBackend) throws {
    let melody = backend.melody
    let frames = 40
    func render(_ range: Range<Int>) throws -> ([[Int]], [[Int]], [[Float]]) {
      let seeds = Array(Self.seeds[range])
      let prefixes = try melody.embed(Array(Self.captions[range])).map(\.tokens)
      let tokens = try melody.semanticTokens(
        prefixes: prefixes, count: 4, seeds: seeds, sampling: SemanticSampling(topK: 20, topP: 0.95), progress: { _ in }
      )
      let latents = try melody.latents(
        semantic: tokens, frames: frames, request: DiffusionRequest(steps: 2), seeds: seeds, progress: { _ in })
      return (prefixes, tokens, latents.map(\.values))
    }
    let all = try render(0..<5)
    let split = try [0..<3, 3..<4, 4..<5].map(render)
    #expect(split.flatMap(\.0) == all.0)
    #expect(split.flatMap(\.1) == all.1)
    #expect(split.flatMap(\.2).map { $0.map(\.bitPattern) } == all.2.map { $0.map(\.bitPattern) })
    #expect(Set(all.2).count == 5)
  }

  @Test func groupsThatMemoryForcesChangeNothing() throws {
    let melody = TestedBackend.cpu32.melody
    let prefixes = try melody.embed(Self.captions).map(\.tokens)
    func render(cacheBudget: Int, widest: Int) throws -> ([[Int]], [[Float]], [Int]) {
      var counted: [Int] = []
      let tokens = try melody.language.generate(
        prefixes: prefixes, count: 4, seeds: Self.seeds, sampling: SemanticSampling(), cacheBudget: cacheBudget,
        progress: { counted.append($0) })
      let latents = try melody.denoiser.latents(
        semantic: tokens, frames: 40, channels: 16, request: DiffusionRequest(steps: 2), seeds: Self.seeds,
        backend: melody.backend, widest: widest, progress: { counted.append($0) })
      return (tokens, latents.map(\.values), counted)
    }
    let together = try render(cacheBudget: SemanticLM.cacheBudget, widest: Denoiser.widestActivation)
    #expect(together.2 == [5, 10, 15, 20] + [5, 10])
    // Two captions' caches; one clip at a time.
    let cache = SemanticCache.bytes(melody.configuration.lm, capacity: 4 + 1 + 4)
    let apart = try render(cacheBudget: 2 * cache + 1, widest: 1)
    #expect(apart.0 == together.0 && apart.1 == together.1)
    #expect(apart.2 == [2, 4, 6, 8, 10, 12, 14, 16, 17, 18, 19, 20] + [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  }

  @Test(arguments: [ProductPrecision.f32, .bf16, .int8])
  func threadsChangeNothing(precision: ProductPrecision) throws {
    func render(threads: Int) throws -> [Float] {
      let melody = try MeLoDy(
        directory: Fixture.directory.appendingPathComponent("tiny"),
        backend: CPUBackend(threads: threads, precision: precision), textEncoderDirectory: nil)
      let prefixes = try melody.embed([Self.captions[1]]).map(\.tokens)
      let tokens = try melody.semanticTokens(
        prefixes: prefixes, count: 8, seeds: [4], sampling: SemanticSampling(), progress: { _ in })
      let latents = try melody.latents(
        semantic: tokens, frames: 80, request: DiffusionRequest(steps: 2), seeds: [4], progress: { _ in })
      return try melody.waveform(latents[0], progress: { _ in })
    }
    let one = try render(threads: 1)
    #expect(try render(threads: 2) == one)
    #expect(try render(threads: 5) == one)
  }

  @Test(arguments: TestedBackend.allCases)
  func progressCountsUnitsAndStopsPromptly(backend: TestedBackend) throws {
    struct Stop: Error {}
    let melody = backend.melody
    let prefixes = try melody.embed(["calm piano", "strings"]).map(\.tokens)
    var counted: [Int] = []
    let tokens = try melody.semanticTokens(
      prefixes: prefixes, count: 3, seeds: [1, 2], sampling: SemanticSampling(), progress: { counted.append($0) })
    #expect(counted == [2, 4, 6])
    counted = []
    _ = try melody.latents(
      semantic: tokens, frames: 20, request: DiffusionRequest(steps: 2), seeds: [1, 2], progress: { counted.append($0) }
    )
    #expect(counted == [2, 4])
    #expect(throws: Stop.self) {
      try melody.semanticTokens(
        prefixes: prefixes, count: 1000, seeds: [1, 2], sampling: SemanticSampling(),
        progress: { if $0 >= 4 { throw Stop() } })
    }
  }

  /// The affine modulation and the dropped pooled embedding are knobs of the configuration: both must run and matter.
  @Test func knobsOfTheConfigurationMatter() throws {
    let backend = ReferenceBackend()
    func velocity(_ change: (inout ModelConfiguration) -> Void) throws -> (conditional: [Float], unconditional: [Float])
    {
      var configuration = NamedConfiguration.tiny.configuration
      change(&configuration)
      let folder = try TemporaryFolder()
      try CheckpointMaker(configuration, seed: 5).make(folder.url.appendingPathComponent("model"))
      let melody = try MeLoDy(
        directory: folder.url.appendingPathComponent("model"), backend: backend, textEncoderDirectory: nil)
      let condition = melody.denoiser.condition(on: [[3, 1, 4]])
      let z = Tensor(RandomStream(seed: 9, stage: .test).normals(count: 24 * 16), shape: [1, 24, 16], on: backend)
      let velocity = melody.denoiser.velocity(
        z, angles: FrameAngles(0.7, frames: 24), condition: condition, guided: true)
      return (velocity.conditional.values, try #require(velocity.unconditional).values)
    }
    let plain = try velocity { _ in }
    let dropped = try velocity { $0.dpd.dropPooled = true }
    #expect(dropped.conditional == plain.conditional)
    #expect(dropped.unconditional != plain.unconditional)
    let affine = try velocity { $0.dpd.film = .affine }
    #expect(affine.conditional != plain.conditional && affine.conditional.allSatisfy(\.isFinite))
  }
}
