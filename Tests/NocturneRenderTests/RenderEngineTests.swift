import Foundation
import NocturneManifest
import NocturneModels
import NocturneRender
import Testing

@Suite struct RenderEngineTests {
  @Test(arguments: AudioFormat.allCases)
  func anItemBecomesAVerifiedFile(format: AudioFormat) throws {
    let item = Item.sample("a", caption: "Sitar – 静か", seconds: 0.6123, format: format, seed: 77)
    let scene = RenderScene(ScriptedModel(), [item])
    let clip = try scene.clip(item)
    #expect(clip.contents.count == clip.facts.bytes)
    #expect(clip.facts.frames == 14_695)
    #expect(clip.facts.sampleRate == 24_000)
    #expect(clip.notes == [])
    let audio = try AudioReader.decode(clip.contents, name: "a")
    #expect(audio.title == "Sitar – 静か")
    #expect(audio.comment == "seed=77 model=0123abcd")
    #expect(Set(clip.times.byName.keys) == ["text", "lm", "dpd", "vae", "encode"])
    for stage in StageName.allCases { #expect(clip.times[stage] > 0) }
  }

  @Test func theLanguageModelTakesAllAndFilesAreFinishedOneByOne() throws {
    let items = ["a", "b", "c"].map { Item.sample($0) }
    let model = ScriptedModel()
    _ = RenderScene(model, items, limits: BatchLimits(semantic: 16, diffusion: 2))
    #expect(
      model.calls == [
        "text 3", "lm 3", "dpd 2", "vae 1", "finished a", "vae 1", "finished b", "dpd 1", "vae 1", "finished c",
      ])
  }

  @Test func eachThreadWritesAFile() throws {
    let items = (0..<5).map { Item.sample("\($0)", caption: "piece \($0)", seed: UInt64($0) * 13) }
    let model = ScriptedModel(threads: 2)
    let scene = RenderScene(model, items, limits: BatchLimits(semantic: 16, diffusion: 3))
    #expect(
      model.calls == [
        "text 5", "lm 5", "dpd 3", "vae 1", "vae 1", "together 2", "finished 0", "finished 1", "vae 1", "finished 2",
        "dpd 2", "vae 1", "vae 1", "together 2", "finished 3", "finished 4",
      ])
    #expect(scene.digests == RenderScene(ScriptedModel(), items).digests)
    #expect(Set(scene.digests.values).count == 5)
  }

  @Test func itemsThatDoNotRideTogetherAreRenderedApart() throws {
    let items = [
      Item.sample("a"), Item.sample("b", seconds: 0.3), Item.sample("c", format: .wav), Item.sample("d", guidance: 5),
    ]
    let model = ScriptedModel()
    let scene = RenderScene(model, items)
    #expect(model.calls.filter { $0.hasPrefix("lm") } == ["lm 2", "lm 1", "lm 1"])
    let files = try items.map { try AudioReader.decode(try scene.clip($0).contents, name: $0.fileName).container }
    #expect(files == [.flac, .flac, .wav, .flac])
    #expect(try scene.clip(items[1]).facts.frames == 7_200)
  }

  @Test func bytesDoNotDependOnTheCompany() throws {
    let items = (0..<5).map { Item.sample("\($0)", caption: "piece \($0)", seed: UInt64($0) * 13) }
    let together = RenderScene(ScriptedModel(), items, limits: BatchLimits(semantic: 2, diffusion: 3)).digests
    #expect(Set(together.values).count == 5)
    for item in items {
      let alone = RenderScene(ScriptedModel(), [item]).digests
      #expect(alone[item.key] == together[item.key])
    }
  }

  @Test func aTruncatedCaptionIsNoted() throws {
    let item = Item.sample("a", caption: String(repeating: "la ", count: 50))
    #expect(try RenderScene(ScriptedModel(), [item]).clip(item).notes == ["caption truncated at 64 tokens"])
  }

  @Test func stoppingLeavesTheUndecidedUnreported() throws {
    let items = (0..<4).map { Item.sample("\($0)") }
    let whole = RenderScene(ScriptedModel(), items)
    #expect(whole.order.count == 4)
    var reported: Set<Int> = []
    for stop in 1...whole.progress {
      let model = ScriptedModel()
      let scene = RenderScene(
        model, items, limits: BatchLimits(semantic: 4, diffusion: 2), stopAfter: stop)
      // Nothing runs on after the watcher said so, and what is reported is whole.
      #expect(model.calls.last == "stopped")
      #expect(scene.progress <= stop + 3)
      #expect(scene.outcomes.values.allSatisfy { (try? $0.get()) != nil })
      #expect(scene.digests.allSatisfy { whole.digests[$0.key] == $0.value })
      reported.insert(scene.order.count)
    }
    #expect(reported == [0, 1, 2, 3])
  }

  @Test func progressCountsCaptionsTokensStepsChunksAndFiles() throws {
    let items = ["a", "b", "c"].map { Item.sample($0) }
    // 125 frames need 13 tokens; 2 steps; one chunk each.
    #expect(RenderScene(ScriptedModel(), items).progress == 3 + 3 * 13 + 3 * 2 + 3 + 3)
  }

  @Test func everyStageReadsWhatAnEarlierOneWrote() {
    var written: Set<ClipPart> = [.caption]
    let stages = RenderEngine(model: ScriptedModel()).stages
    for stage in stages {
      #expect(stage.reads.isSubset(of: written), "\(stage.name)")
      #expect(!written.contains(stage.writes))
      written.insert(stage.writes)
    }
    #expect(stages.map(\.name) == StageName.allCases)
    #expect(written == Set(ClipPart.allCases))
  }

  @Test func readingAPartBeforeItIsWrittenTraps() async {
    await #expect(processExitsWith: .failure) {
      let length = try ClipLength(seconds: 1, configuration: NamedConfiguration.tiny.configuration)
      _ = Clip(item: Item.sample("a"), length: length).waveform
    }
  }

  @Test func defaultBatchesFollowTheMemoryOfTheModel() {
    let paper = BatchLimits(for: NamedConfiguration.paper.configuration)
    #expect(paper == BatchLimits(semantic: 20, diffusion: 1))
    let tiny = BatchLimits(for: NamedConfiguration.tiny.configuration)
    #expect(tiny.semantic == 256)
    #expect(tiny.diffusion > 1)
  }

  @Test func theNumericClassNamesTheEncoder() {
    let name = RenderEngine(model: ScriptedModel()).numericClass
    #expect(name.hasPrefix("scripted; "))
    #expect(name.contains("libFLAC"))
  }
}
