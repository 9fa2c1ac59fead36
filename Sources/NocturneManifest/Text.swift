/// With which some programs begin a file in UTF-8; no part of its text.
let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

extension String {
  /// Without white space at both ends.
  var trimmed: String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }

  /// Whether there is nothing in it to read: only white space, characters that are not seen, and marks without a letter,
  /// which the text encoder takes off.
  var isBlank: Bool {
    unicodeScalars.allSatisfy { scalar in
      let category = scalar.properties.generalCategory
      return scalar.properties.isWhitespace || [.format, .control, .nonspacingMark].contains(category)
    }
  }
}

/// User text inside a one-line message: in quotes, control characters escaped, cut after 60 scalars.
package func quoted(_ text: String) -> String {
  var out = "\""
  for (index, scalar) in text.unicodeScalars.enumerated() {
    if index == 60 { return out + "...\"" }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
      out += "\\u{\(String(scalar.value, radix: 16))}"
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "\""
}
