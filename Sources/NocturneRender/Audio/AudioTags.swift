/// Text written into an audio file: FLAC Vorbis comments `TITLE` and `COMMENT`, or WAV INFO chunks `INAM` and `ICMT`, UTF-8.
package struct AudioTags: Hashable, Sendable {
  package var title: String
  package var comment: String

  /// libsndfile reads no INFO chunk above 2,047 bytes; longer text is cut at a character.
  package static let byteLimit = 2_000

  /// NUL, which ends a C string, is left out.
  package init(title: String, comment: String) {
    self.title = AudioTags.fitting(title)
    self.comment = AudioTags.fitting(comment)
  }

  /// The caption as title; everything else the samples depend on as `key=value` pairs in the comment. No date, host or
  /// version: equal renders have equal bytes.
  package init(caption: String, seed: UInt64, fingerprint: String) {
    self.init(title: caption, comment: "seed=\(seed) model=\(fingerprint)")
  }

  private static func fitting(_ text: String) -> String {
    var kept = ""
    var bytes = 0
    for character in text where character != "\0" {
      bytes += character.utf8.count
      if bytes > byteLimit { break }
      kept.append(character)
    }
    return kept
  }
}
