package import Foundation

/// BERT's WordPiece tokenizer, uncased (model.md 1.1): cleaned, CJK spaced out, decomposed, marks dropped, lower-cased,
/// split at spaces and punctuation, then greedy longest matches.
///
/// Everything works on Unicode scalars and bytes, never on `String` equality, which takes canonically equivalent texts
/// for equal: a decomposed Hangul syllable must not match a composed entry.
package struct WordPiece: Sendable {
  /// Ids [CLS] ... [SEP]; `truncated` says that the caption's end was dropped.
  package struct Encoding: Hashable, Sendable {
    package let ids: [Int]
    package let truncated: Bool
  }

  /// Number of entries.
  package let count: Int
  private let ids: [[UInt8]: Int]
  private let unknown: Int
  private let start: Int
  private let end: Int

  /// Longer words become [UNK].
  private static let longestWord = 100

  /// Entries in id order. Throws `CheckpointError` if a special token is absent.
  package init(entries: [[UInt8]], source: String) throws(CheckpointError) {
    var ids = [[UInt8]: Int](minimumCapacity: entries.count)
    for (index, entry) in entries.enumerated() { ids[entry] = index }
    func special(_ name: String) throws(CheckpointError) -> Int {
      guard let id = ids[Array(name.utf8)] else {
        throw CheckpointError(.vocabulary, file: source, "has no \(name); take the text encoder's own vocab.txt")
      }
      return id
    }
    unknown = try special("[UNK]")
    start = try special("[CLS]")
    end = try special("[SEP]")
    self.ids = ids
    count = entries.count
  }

  /// Reads `vocab.txt`, one entry a line.
  package init(contentsOf file: URL) throws(CheckpointError) {
    guard let data = try? Data(contentsOf: file) else {
      throw CheckpointError(.missingFile, file: file.path, "cannot be read; put the text encoder's vocab.txt there")
    }
    var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    if lines.last == [] { lines.removeLast() }
    try self.init(entries: lines, source: file.path)
  }

  /// Whether anything of a caption is left to read once blanks, controls and marks are dropped.
  package static func reads(_ caption: String) -> Bool { !words(normalised(caption)).isEmpty }

  /// Ids of a caption, at most `limit` of them with [CLS] and [SEP].
  package func encode(_ caption: String, limit: Int) -> Encoding {
    precondition(limit >= 2, "WordPiece.encode: limit \(limit) leaves no room for [CLS] and [SEP]")
    let pieces = Self.words(Self.normalised(caption)).flatMap(pieces(of:))
    return Encoding(ids: [start] + pieces.prefix(limit - 2) + [end], truncated: pieces.count > limit - 2)
  }

  /// Greedy longest matches of one word; [UNK] alone if a part is missing or the word is over-long.
  private func pieces(of word: [Unicode.Scalar]) -> [Int] {
    guard word.count <= Self.longestWord else { return [unknown] }
    var found: [Int] = []
    var position = 0
    while position < word.count {
      var bytes = Array((position == 0 ? "" : "##").utf8)
      var match: (id: Int, end: Int)?
      for index in position..<word.count {
        bytes.append(contentsOf: UTF8.encode(word[index])!)
        if let id = ids[bytes] { match = (id, index + 1) }
      }
      guard let match else { return [unknown] }
      found.append(match.id)
      position = match.end
    }
    return found
  }
}
