import Foundation
import NocturneManifest
import Testing

struct GoodFixtureTests {
  private func read(_ name: String) throws -> Manifest {
    let manifest = try ManifestReader(path: Repository.fixture("good/\(name)")).read()
    #expect(manifest.badRows.isEmpty, "\(manifest.badRows)")
    return manifest
  }

  private func pairs(_ manifest: Manifest) -> [[String]] { manifest.items.map { [$0.key.row, $0.caption] } }

  @Test(arguments: ["byte-order-mark.csv", "no-final-newline.csv", "blank-lines.csv", "spreadsheet.csv"])
  func marksAndBlankLinesChangeNothing(name: String) throws {
    let manifest = try read(name)
    #expect(pairs(manifest) == [["a", "one"], ["b", "two"]])
    #expect(manifest.summary.format == .csv)
  }

  @Test func carriageReturnsEndLinesAndStayInsideQuotes() throws {
    #expect(pairs(try read("crlf.csv")) == [["a", "one"], ["b", "two\r\nlines"]])
  }

  @Test func quotesAndNewlinesInsideQuotesAreKept() throws {
    let manifest = try read("quotes.csv")
    #expect(
      pairs(manifest) == [["a", "say \"hi\", twice"], ["b", "a 5\" speaker"], ["c", "three\nlines\nhere"]])
    #expect(manifest.items.map(\.extra) == [["note": ""], ["note": "\"q\""], ["note": ""]])
  }

  @Test func knownColumnsAreReadInAnyLetterCaseAndNamelessOnesGetANumber() throws {
    let manifest = try read("header-case.csv")
    #expect(pairs(manifest) == [["a", "one"], ["b", "two"]])
    #expect(manifest.items.map(\.spec.steps) == [5, 7])
    #expect(manifest.items.map(\.extra) == [["column4": "x", "Mood": "calm"], ["column4": "y", "Mood": ""]])
  }

  @Test func idsMayBeginWithDashOrUnderscore() throws {
    let manifest = try read("leading-dash.csv")
    #expect(manifest.summary.format == .musicCaps)
    #expect(manifest.items.map(\.fileName) == ["-abc.flac", "_def.flac"])
  }

  @Test func tabsSeparateWhereTheHeaderHasThem() throws {
    let manifest = try read("tabs.tsv")
    #expect(manifest.summary.format == .tsv)
    #expect(pairs(manifest) == [["a", "one, with comma"], ["b", "two\twith tab"]])
    #expect(try read("musiccaps-tabs.tsv").summary.format == .musicCaps)
  }

  @Test func plainTextIsACaptionALineNamedByItsNumber() throws {
    let manifest = try read("comma-text.txt")
    #expect(manifest.summary.format == .plainText)
    #expect(pairs(manifest) == [["000001", "Piano, slow and sad"], ["000003", "Strings, \"quoted\", loud"]])
    #expect(pairs(try read("byte-order-mark.txt")) == [["000001", "one caption"]])
  }

  @Test func jsonEscapesAreUndoneAndOtherValuesTravelAsCompactText() throws {
    let manifest = try read("escapes.jsonl")
    #expect(manifest.summary.format == .jsonLines)
    #expect(pairs(manifest) == [["a", "léger 🎵 \"x\"\n/"], ["b", "two"]])
    #expect(manifest.items[0].extra == ["n": "1.50", "b": "[true,null,{\"k\":\"v\\t\"}]"])
    #expect(manifest.items[0].seed == 9_007_199_254_740_991)
    #expect(manifest.items[1].extra == ["tag": "plain"])
    #expect(manifest.items[1].spec.steps == 5)
  }

  @Test func whereThePromptIsNullTheInputIsTheCaption() throws {
    let manifest = try read("null-prompt.jsonl")
    #expect(manifest.summary.format == .openAIBatch)
    #expect(pairs(manifest) == [["a", "one"], ["b", "two"]])
  }

  @Test func aBrokenFirstLineDoesNotHideTheFormat() throws {
    let manifest = try ManifestReader(path: Repository.fixture("good/first-line-broken.jsonl")).read()
    #expect(manifest.summary.format == .openAIBatch)
    #expect(manifest.badRows.count == 1)
    #expect(pairs(manifest) == [["b", "two"]])
  }

  /// A pipe gives short blocks and cannot be read twice, like standard input.
  @Test func aManifestMayComeThroughAPipe() throws {
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: Data("id,caption\na,one\n".utf8))
    try pipe.fileHandleForWriting.close()
    let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
    #expect(!Job.isJob(path: path))
    #expect(pairs(try ManifestReader(path: path).read()) == [["a", "one"]])
  }

  @Test func standardInputIsCalledSo() {
    #expect(ManifestReader(path: "-").name == "<stdin>")
  }

  @Test func theDigestIsThatOfTheFile() throws {
    // sha256sum of "id,caption\na,one\n" behind a byte order mark, which counts.
    let manifest = try NocturneManifestTests.read("\u{FEFF}id,caption\na,one\n", blockSize: 3)
    #expect(manifest.summary.sha256 == "86acd2061d8fb64e1802f37811fc24e78c51fed0d2c9ed39eceb64d4a08db4b8")
    #expect(manifest.summary.bytes == 20)
  }
}
