/// Numbers as people and spreadsheets write them; the standard library alone would also take `0x10`, `nan` and `inf`.
enum Decimal {
  /// A finite decimal number, nil otherwise.
  static func number(_ text: String) -> Double? {
    guard !text.isEmpty, text.utf8.allSatisfy({ isDecimal($0) }), let number = Double(text), number.isFinite else {
      return nil
    }
    return number
  }

  /// A whole number, also written `5.0` or `1e3`, exact below 2^53.
  static func whole(_ text: String) -> Int? {
    if let number = Int(text) { return number }
    guard let number = number(text), number.magnitude < 0x1p53 else { return nil }
    return Int(exactly: number)
  }

  private static func isDecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }
}
