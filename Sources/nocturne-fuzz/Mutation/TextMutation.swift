import NocturneFarm

/// Damage to texts (tables, JSON, YAML) that keeps them texts: whole words, marks, lines and numbers are lost, doubled,
/// exchanged and nested, so that what comes out is wrong further in than its first byte.
enum TextMutation {
  private static let words: [String] = [
    "\"", "\"\"", "'", ",", ";", "\t", "\n", "\r\n", "\r", ":", ": ", "- ", "{", "}", "[", "]", "{}", "[]", "null",
    "true", "~", "\\", "\\u0000", "\\ud800", "\\udc00\\ud800", "\u{0}", "\u{FEFF}", "\u{2028}", "\u{301}", "é", "🎵",
    "../",
    "/etc/passwd", ".", "CON", "id", "caption", "takes", "steps", "seed", "-0", "1e999", "-1", "NaN", "inf", "0x10",
    "1_000",
    "1.5", "00", "&a", "*a", "!!binary", "<<", "---", "...", "%YAML 1.1", "? ", "| ", "> ", "#",
  ]
  private static let badUTF8: [[UInt8]] = [
    [0xFF], [0x80], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF0, 0x9F], [0xFE, 0xFF],
  ]
  private static let openers: [String] = ["[", "{\"a\":", "\"", "- ", "(", "{a: ", "? ", "\t", " ", "&a [", "\\", ","]
  static let limitBytes = 1 << 18

  static func apply(_ text: inout [UInt8], _ random: inout SeededGenerator) {
    var tokens = tokens(of: text)
    for _ in 0..<Int.random(in: 1...5, using: &random) { mutate(&tokens, &random) }
    text = Array(tokens.joined().prefix(limitBytes))
    if Int.random(in: 0..<8, using: &random) == 0 { ByteMutation.apply(&text, &random) }
  }

  private static func mutate(_ tokens: inout [[UInt8]], _ random: inout SeededGenerator) {
    let at = Int.random(in: 0...tokens.count, using: &random)
    let piece = at..<min(tokens.count, at + Int.random(in: 1...12, using: &random))
    switch Int.random(in: 0..<10, using: &random) {
    case 0: tokens.removeSubrange(piece)
    case 1: tokens.insert(contentsOf: Array(tokens[piece]), at: Int.random(in: 0...tokens.count, using: &random))
    case 2 where !piece.isEmpty: tokens.swapAt(at, Int.random(in: 0..<tokens.count, using: &random))
    case 3: tokens.insert(Array(words.randomElement(using: &random)!.utf8), at: at)
    case 4 where !piece.isEmpty: tokens[at] = Array(words.randomElement(using: &random)!.utf8)
    case 5: tokens.insert(badUTF8.randomElement(using: &random)!, at: at)
    case 6: exchangeNumber(&tokens, &random)
    case 7: doubleLine(&tokens, &random)
    case 8:
      let opener = Array(openers.randomElement(using: &random)!.utf8)
      let depth = [2, 33, 65, 513, 20_000].randomElement(using: &random)!
      tokens.insert(Array([[UInt8]](repeating: opener, count: depth).joined()), at: at)
    default: tokens.removeLast(tokens.count - at)
    }
  }

  private static func exchangeNumber(_ tokens: inout [[UInt8]], _ random: inout SeededGenerator) {
    let places = tokens.indices.filter { tokens[$0].first.map { (0x30...0x39).contains($0) } ?? false }
    guard let place = places.randomElement(using: &random) else { return }
    let number = ByteMutation.numbers.randomElement(using: &random)!
    let text = ["\(number)", "-\(number)", "\(number)9999999999999", "\(number).5", "\(number)e308", "0\(number)"]
    tokens[place] = Array(text.randomElement(using: &random)!.utf8)
  }

  /// The same key, row or member again.
  private static func doubleLine(_ tokens: inout [[UInt8]], _ random: inout SeededGenerator) {
    let ends = tokens.indices.filter { tokens[$0] == [0x0A] }
    guard let end = ends.randomElement(using: &random) else { return }
    let start = ends.last { $0 < end }.map { $0 + 1 } ?? 0
    tokens.insert(contentsOf: Array(tokens[start...end]), at: end + 1)
  }

  /// Words, numbers, runs of blanks; everything else alone.
  private static func tokens(of text: [UInt8]) -> [[UInt8]] {
    var tokens: [[UInt8]] = []
    var last = Kind.mark
    for byte in text {
      let kind = Kind(byte)
      if kind == last, kind != .mark, !tokens.isEmpty {
        tokens[tokens.count - 1].append(byte)
      } else {
        tokens.append([byte])
      }
      last = kind
    }
    return tokens
  }

  private enum Kind {
    case word, blank, mark
    init(_ byte: UInt8) {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...: self = .word
      case 0x20, 0x09: self = .blank
      default: self = .mark
      }
    }
  }
}
