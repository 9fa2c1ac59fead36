import Foundation
import NocturneModels
import Testing

struct WordPieceTests {
  struct Cases: Decodable {
    struct Case: Decodable {
      let name: String
      let text: String
      let ids: [Int]
      let truncated: Bool
      let maxTokens: Int?
    }
    let maxTokens: Int
    let cases: [Case]
  }

  @Test func captionsBecomeTheSameIdsAsInPython() throws {
    let wordPiece = try WordPiece(contentsOf: Fixture.directory.appendingPathComponent("tiny/vocab.txt"))
    try check("wordpiece", wordPiece)
  }

  /// The demo encoder's own vocabulary, where its package is installed.
  @Test(.enabled(if: TextEncoderPackage.directory != nil))
  func captionsBecomeTheSameIdsWithTheFullVocabulary() throws {
    let directory = try #require(TextEncoderPackage.directory)
    try check("wordpiece-demo", WordPiece(contentsOf: directory.appendingPathComponent("vocab.txt")))
  }

  @Test func generatedVocabularyIsTheTrainers() throws {
    let vocabulary = try Data(contentsOf: Fixture.directory.appendingPathComponent("tiny/vocab.txt"))
    #expect(String(decoding: vocabulary, as: UTF8.self) == TinyVocabulary.entries.map { $0 + "\n" }.joined())
  }

  @Test func vocabularyWithoutSpecialTokensIsRefused() throws {
    let entries = ["[PAD]", "[UNK]", "[CLS]", "a"].map { Array($0.utf8) }
    let error = try #require(throws: CheckpointError.self) { try WordPiece(entries: entries, source: "vocab.txt") }
    #expect(error.code == .vocabulary && error.description.contains("[SEP]"))
  }

  private func check(_ name: String, _ wordPiece: WordPiece) throws {
    let table = try Fixture.json(name, as: Cases.self)
    #expect(!table.cases.isEmpty)
    for entry in table.cases {
      let encoding = wordPiece.encode(entry.text, limit: entry.maxTokens ?? table.maxTokens)
      #expect(encoding.ids == entry.ids, "\(entry.name)")
      #expect(encoding.truncated == entry.truncated, "\(entry.name)")
    }
  }
}
