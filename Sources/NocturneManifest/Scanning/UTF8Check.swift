/// Checks UTF-8 byte by byte (Unicode 16, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
struct UTF8Check {
  enum Verdict {
    /// First byte of a multi-byte scalar.
    case begins
    case continues
    /// A byte that can begin nothing.
    case stray
    /// The scalar that began at `start` ends too early.
    case interrupted
  }

  private(set) var start = Position()
  private var missing = 0
  private var permitted: ClosedRange<UInt8> = 0x80...0xBF

  var isInsideScalar: Bool { missing > 0 }

  /// Takes a byte that is not ASCII, or any byte inside a scalar. After `interrupted` the check must be replaced.
  mutating func take(_ byte: UInt8, at position: Position) -> Verdict {
    if missing > 0 {
      guard permitted.contains(byte) else { return .interrupted }
      missing -= 1
      permitted = 0x80...0xBF
      return .continues
    }
    switch byte {
    case 0xC2...0xDF: begin(1, 0x80...0xBF, position)
    case 0xE0: begin(2, 0xA0...0xBF, position)
    case 0xED: begin(2, 0x80...0x9F, position)
    case 0xE1...0xEC, 0xEE, 0xEF: begin(2, 0x80...0xBF, position)
    case 0xF0: begin(3, 0x90...0xBF, position)
    case 0xF1...0xF3: begin(3, 0x80...0xBF, position)
    case 0xF4: begin(3, 0x80...0x8F, position)
    default: return .stray
    }
    return .begins
  }

  private mutating func begin(_ count: Int, _ range: ClosedRange<UInt8>, _ position: Position) {
    missing = count
    permitted = range
    start = position
  }
}
