import Foundation

/// The vocabulary of the tiny text encoder, the same as the trainers': special tokens, printable ASCII characters without
/// capitals, their continuations, words, endings, a few characters beyond ASCII.
package enum TinyVocabulary {
  package static let entries: [String] = {
    let characters = (33..<127).map { String(UnicodeScalar(UInt8($0))) }.filter { !("A"..."Z").contains($0) }
    let continuations = "abcdefghijklmnopqrstuvwxyz0123456789".map { "##\($0)" }
    let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    var seen = Set<String>()
    return (special + characters + continuations + words + endings + others).filter { seen.insert($0).inserted }
  }()

  /// The bytes of `vocab.txt`.
  static var document: Data { Data(entries.map { $0 + "\n" }.joined().utf8) }

  private static let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
  private static let text = """
WORDS
    """
  private static let endings = [
    "##s", "##ed", "##ing", "##er", "##y", "##ly", "##ic", "##al", "##ous", "##ful", "##ness", "##tion", "##es", "##ist",
    "##box",
  ]
  private static let others = ["é", "ß", "ø", "σ", "音", "楽", "の", "한", "–", "…", "“", "”", "♪"]
}
