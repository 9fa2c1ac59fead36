import Foundation
import NocturneManifest
import NocturneRender
import Testing

@Suite struct RenderFaultTests {
  private static let cases: [(ScriptedModel.Fault, RenderError.Code, StageName)] = [
    (.semanticCallThrows, .stageFailed, .lm), (.latentCallThrows, .stageFailed, .dpd),
    (.semanticNotFinite, .notFinite, .lm),
    (.latentsNotFinite, .notFinite, .dpd), (.waveformNotFinite, .notFinite, .vae),
    (.waveformSilent, .badArtifact, .encode), (.waveformRail, .badArtifact, .encode),
  ]
  private let items = (0..<4).map { Item.sample("\($0)", caption: "piece \($0)", seed: UInt64($0) * 13) }

  @Test(arguments: cases.indices, 0..<4)
  func aFaultStaysWithItsItem(row: Int, position: Int) throws {
    for threads in [1, 2, 4] { try faultStays(row, position, threads: threads) }
  }

  private func faultStays(_ row: Int, _ position: Int, threads: Int) throws {
    let (fault, code, stage) = Self.cases[row]
    let undisturbed = RenderScene(ScriptedModel(), items).digests
    let model = ScriptedModel(faults: [items[position].seed: fault], threads: threads)
    let scene = RenderScene(model, items, limits: BatchLimits(semantic: 4, diffusion: 2))
    #expect(scene.order.count == 4)
    for (index, item) in items.enumerated() where index != position {
      #expect(scene.digests[item.key] == undisturbed[item.key])
    }
    let error = try #require(scene.error(items[position]))
    #expect(error.code == code)
    #expect(error.stage == stage)
    #expect(!error.description.contains("\n"))
  }

  @Test func aThrowingCallIsRepeatedClipByClip() throws {
    let model = ScriptedModel(faults: [items[1].seed: .semanticCallThrows])
    _ = RenderScene(model, items)
    #expect(model.calls.filter { $0.hasPrefix("lm") } == ["lm 4", "lm 1", "lm 1", "lm 1", "lm 1"])
    #expect(model.calls.filter { $0.hasPrefix("dpd") }.allSatisfy { $0 != "dpd 4" })
  }

  @Test(arguments: ["", "  \t\n", "\u{200b}\u{feff}", "\0", "\u{fffd}"])
  func aCaptionOfNothingFailsAlone(caption: String) throws {
    let item = Item.sample("blank", caption: caption)
    let scene = RenderScene(ScriptedModel(), [items[0], item, items[1]])
    #expect(scene.error(item)?.code == .unreadableCaption)
    #expect(scene.digests.count == 2)
  }

  @Test(arguments: ["夜", "!", "🎷", "é", "7"])
  func aCaptionOfOneCharacterIsRendered(caption: String) throws {
    let item = Item.sample("short", caption: caption)
    #expect(RenderScene(ScriptedModel(), [item]).digests.count == 1)
  }

  @Test func captionsOfNothingOnlyNeedNoModel() throws {
    let model = ScriptedModel()
    let scene = RenderScene(model, [Item.sample("blank", caption: " ")])
    #expect(scene.outcomes.count == 1)
    #expect(model.calls == ["finished blank"])
  }

  @Test func whatCannotBeRenderedIsRefusedAlone() throws {
    let bad = [
      Item.sample("long", seconds: 10.01), Item.sample("short", seconds: 0.1), Item.sample("nan", seconds: .nan),
      Item.sample("still", steps: 0), Item.sample("forever", steps: 1_001), Item.sample("guided", guidance: .infinity),
    ]
    let scene = RenderScene(ScriptedModel(), bad + items)
    for item in bad { #expect(scene.error(item)?.code == .impossibleRequest, "\(item.key)") }
    #expect(scene.digests.count == 4)
  }
}
