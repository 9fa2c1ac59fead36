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
    a an the and or of in on at with without for to from by is are has have it this that there as some very
    song music piece track tune melody harmony rhythm beat tempo groove loop sample recording performance sound audio
    slow fast medium upbeat mellow calm relaxing peaceful soothing happy sad dark bright warm cold emotional dreamy epic
    energetic aggressive passionate romantic melancholic nostalgic haunting suspenseful playful groovy funky soft loud deep high low
    jazz rock pop blues folk country classical electronic techno house trance ambient metal punk reggae soul funk hip hop
    disco orchestral acoustic electric latin indie lo fi instrumental
    guitar bass piano drums drum violin cello flute trumpet saxophone organ synth synthesizer keyboard strings brass percussion
    cymbals snare kick hat harp choir voice vocal vocals singer male female sings singing plays playing played
    background quality noise reverb distorted simple complex repetitive live solo chord chords arpeggio intro
    movie soundtrack game dance party club night rain lullaby caf de
    """
  private static let endings = [
    "##s", "##ed", "##ing", "##er", "##y", "##ly", "##ic", "##al", "##ous", "##ful", "##ness", "##tion", "##es",
    "##ist",
    "##box",
  ]
  private static let others = ["é", "ß", "ø", "σ", "音", "楽", "の", "한", "–", "…", "“", "”", "♪"]
}
