import Foundation
import NocturneCPU
import NocturneManifest
import NocturneModels
import NocturneRender
import NocturneTensor
import Testing

/// From caption to file with the committed tiny checkpoint.
@Suite struct TinyRenderTests {
  enum Machine: CaseIterable {
    case reference, cpuF32, cpuFastest

    var backend: any Backend {
      switch self {
      case .reference: ReferenceBackend()
      case .cpuF32: CPUBackend(threads: 1, precision: .f32)
      case .cpuFastest: CPUBackend()
      }
    }
  }

  private static func model(_ backend: any Backend = CPUBackend()) throws -> MeLoDy {
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try MeLoDy(
      directory: fixtures.appendingPathComponent("NocturneModelsTests/Fixtures/tiny"), backend: backend,
      textEncoderDirectory: nil)
  }

  private let items = [
    Item.sample("a", caption: "a slow waltz for strings", seconds: 0.21, seed: 1),
    Item.sample("b", caption: "fast drums, 夜", seconds: 0.21, seed: 2),
    Item.sample("c", caption: "a slow waltz for strings", seconds: 0.21, format: .wav, seed: 3),
  ]

  @Test(arguments: Machine.allCases)
  func captionsBecomeVerifiedFilesThatDoNotDependOnTheCompany(machine: Machine) throws {
    let model = try Self.model(machine.backend)
    let together = RenderScene(model, items, limits: BatchLimits(semantic: 3, diffusion: 3))
    let apart = RenderScene(model, items, limits: BatchLimits(semantic: 2, diffusion: 1))
    let reversed = RenderScene(model, items.reversed())
    for item in items {
      let clip = try together.clip(item)
      #expect(clip.facts.frames == 5_040)
      #expect(clip.facts.peakDBFS > -80)
      #expect(clip.facts.sha256 == (try apart.clip(item)).facts.sha256)
      #expect(clip.facts.sha256 == (try reversed.clip(item)).facts.sha256)
      #expect(clip.facts.sha256 == (try RenderScene(model, [item]).clip(item)).facts.sha256)
      let tag = try AudioReader.decode(clip.contents, name: item.fileName).comment
      #expect(tag == "seed=\(item.seed) model=\(model.fingerprint)")
    }
    #expect(Set(together.digests.values).count == 3)
  }

  @Test(arguments: [ProductPrecision.f32, .bf16, .int8])
  func bytesDoNotDependOnTheThreads(precision: ProductPrecision) throws {
    let digests = try [1, 2, 5].map {
      try RenderScene(Self.model(CPUBackend(threads: $0, precision: precision)), items).digests
    }
    #expect(digests[0].count == 3)
    #expect(digests[1] == digests[0])
    #expect(digests[2] == digests[0])
  }

  @Test func theSeedAndEverySettingAreHeard() throws {
    let model = try Self.model()
    func samples(_ item: Item) throws -> [Float] {
      let scene = RenderScene(model, [item])
      return try AudioReader.decode(try scene.clip(item).contents, name: item.fileName).samples
    }
    let base = try samples(.sample("a", seconds: 0.15))
    #expect(try samples(.sample("a", seconds: 0.15)) == base)
    #expect(try samples(.sample("a", seconds: 0.15, seed: 9)) != base)
    #expect(try samples(.sample("a", seconds: 0.15, steps: 3)) != base)
    #expect(try samples(.sample("a", seconds: 0.15, guidance: 1)) != base)
    let three = try [.linear, .uniform].map { try samples(.sample("a", seconds: 0.15, steps: 3, schedule: $0)) }
    #expect(three[0] != three[1])
    #expect(try samples(.sample("a", caption: "fast drums", seconds: 0.15)) != base)
  }

  @Test func theModelsCallsStopWithinOneStep() throws {
    let model = try Self.model()
    for stop in [1, 3, 5, 8] as [UInt64] {
      let scene = RenderScene(model, Array(items.prefix(2)), stopAfter: stop)
      #expect(scene.outcomes.isEmpty)
      #expect(scene.progress < stop + 3)
    }
  }
}
