import Foundation
import NocturneManifest
import Testing

struct ItemTests {
  /// Values computed with Python's hashlib.
  @Test func seedsAreTheFirstBytesOfTheHashMaskedTo53Bits() {
    #expect(ItemSeed.seed(runSeed: 0, id: "abc", take: 1) == 2097092890068812)
    #expect(ItemSeed.seed(runSeed: 7, id: "-0Gj8-vB1q4", take: 1) == 3400337879569035)
    #expect(ItemSeed.seed(runSeed: 9_007_199_254_740_991, id: "café", take: 1) == 3192983981842825)
  }

  @Test func takesCountOnFromTheFirstSeedAndWrapAt53Bits() {
    let first = ItemSeed.seed(runSeed: 0, id: "abc", take: 1)
    #expect(ItemSeed.seed(runSeed: 0, id: "abc", take: 4) == first + 3)
    #expect(ItemSeed.seed(runSeed: 0, id: "abc", take: 1, rowSeed: 5) == 5)
    #expect(ItemSeed.seed(runSeed: 0, id: "abc", take: 3, rowSeed: 9_007_199_254_740_990) == 0)
  }

  @Test func aRecordedSeedInTheSeedColumnReproducesTheTake() throws {
    let first = try read("id,caption,takes\na,one,3\n").items
    let again = try read("id,caption,seed\na,one,\(first[2].seed)\n", options: .init(run: .init(seed: 99))).items
    #expect(again.map(\.seed) == [first[2].seed])
  }

  @Test func addingRowsMovesNoOtherSeed() throws {
    let short = try read("id,caption\na,one\nb,two\n").items
    let long = try read("id,caption\nz,nine\nb,two\na,one\n").items
    #expect(Set(long.map(\.seed)).isSuperset(of: short.map(\.seed)))
  }

  @Test func takeSuffixesStandOnlyWhereThereAreSeveral() throws {
    let items = try read("id,caption,takes,format\na,one,2,wav\nb,two,1,\n", options: .init(run: .init(takes: 3))).items
    #expect(items.map(\.fileName) == ["a-t1.wav", "a-t2.wav", "b.flac"])
    #expect(items.map(\.key.take) == [1, 2, 1])
  }

  @Test func theRowGoesBeforeTheRunAndTheRunBeforeTheDefaults() throws {
    let run = RenderSettings(steps: 9, guidance: 1, seed: 3)
    let items = try read("id,caption,steps\na,one,4\nb,two,\n", options: .init(run: run)).items
    #expect(items[0].spec == RenderSpec(steps: 4, guidance: 1))
    #expect(items[1].spec == RenderSpec(steps: 9, guidance: 1))
    #expect(items[1].seed == ItemSeed.seed(runSeed: 3, id: "b", take: 1))
  }

  @Test func aModelOfShorterClipsGivesItsLongestWhereNobodyAsks() throws {
    let options = ManifestReader.Options(limits: RenderLimits(maximumSeconds: 1))
    #expect(try read("id,caption\na,one\n", options: options).items[0].spec.seconds == 1)
  }

  /// The journal and the wire carry this text from one version to the next.
  @Test func theJSONOfAnItemStaysAsItIs() throws {
    let item = Item(
      key: ItemKey(row: "a", take: 2), caption: "slow \"piano\"\n", spec: RenderSpec(guidance: 2.5, format: .wav),
      seed: 9_007_199_254_740_991, fileName: "a-t2.wav", extra: ["mood": "calm"])
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(item), as: UTF8.self)
    #expect(
      text
        == #"{"caption":"slow \"piano\"\n","extra":{"mood":"calm"},"fileName":"a-t2.wav","key":{"row":"a","take":2},"#
        + #""seed":9007199254740991,"spec":{"format":"wav","guidance":2.5,"schedule":"linear","seconds":10,"steps":5}}"#
    )
    #expect(try JSONDecoder().decode(Item.self, from: Data(text.utf8)) == item)
  }

  @Test func theJSONOfAudioFactsStaysAsItIs() throws {
    let facts = AudioFacts(
      sampleRate: 24_000, channels: 1, frames: 240_000, sha256: "ab", bytes: 12, peakDBFS: -1.5, rmsDBFS: -20,
      integratedLUFS: nil)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(facts), as: UTF8.self)
    #expect(
      text
        == #"{"bytes":12,"channels":1,"frames":240000,"peakDBFS":-1.5,"rmsDBFS":-20,"sampleRate":24000,"sha256":"ab"}"#)
    #expect(try JSONDecoder().decode(AudioFacts.self, from: Data(text.utf8)) == facts)
  }
}
