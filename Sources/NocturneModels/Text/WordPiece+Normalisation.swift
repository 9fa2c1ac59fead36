import Foundation

extension WordPiece {
  /// Cleaned, CJK spaced out, decomposed (NFD), without marks (category Mn), lower-case scalar by scalar.
  static func normalised(_ caption: String) -> [Unicode.Scalar] {
    var cleaned = String.UnicodeScalarView()
    for scalar in caption.unicodeScalars where scalar != "\0" && scalar != "\u{FFFD}" && !isControl(scalar) {
      if isSpace(scalar) {
        cleaned.append(" ")
      } else if isIdeograph(scalar) {
        cleaned.append(contentsOf: [" ", scalar, " "])
      } else {
        cleaned.append(scalar)
      }
    }
    return String(cleaned).decomposedStringWithCanonicalMapping.unicodeScalars
      .filter { $0.properties.generalCategory != .nonspacingMark }
      .flatMap { $0.isASCII ? [lowered($0)] : Array($0.properties.lowercaseMapping.unicodeScalars) }
  }

  /// Words and single punctuation characters.
  static func words(_ text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
    var words: [[Unicode.Scalar]] = []
    var current: [Unicode.Scalar] = []
    for scalar in text {
      let space = isSpace(scalar)
      guard space || isPunctuation(scalar) else {
        current.append(scalar)
        continue
      }
      if !current.isEmpty { words.append(current) }
      current = []
      if !space { words.append([scalar]) }
    }
    return current.isEmpty ? words : words + [current]
  }

  private static func lowered(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\t", "\n", "\r", " ": return true
    default:
      if scalar.isASCII { return false }
      let category = scalar.properties.generalCategory
      return category == .spaceSeparator || category == .lineSeparator || category == .paragraphSeparator
    }
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == "\t" || scalar == "\n" || scalar == "\r" { return false }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned: return true
    default: return false
    }
  }

  /// ASCII symbols count as punctuation whatever their category says.
  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 33...47, 58...64, 91...96, 123...126: return true
    default: break
    }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      return true
    default: return false
    }
  }

  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F, 0x2B820...0x2CEAF,
      0xF900...0xFAFF, 0x2F800...0x2FA1F:
      return true
    default: return false
    }
  }
}
