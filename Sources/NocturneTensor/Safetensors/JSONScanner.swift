/// A forward-only reader of the JSON pieces a safetensors header is made of: objects, strings, arrays of integers.
/// It never recurses by itself, so no header can exhaust the stack.
struct JSONScanner {
  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
  }

  func fault(_ message: String, key: String? = nil) -> SafetensorsError {
    SafetensorsError(key == nil ? .header : .entry, file: path, key: key, "header byte \(position): \(message)")
  }

  /// `{ "name": <value read by member>, ... }`
  mutating func object(_ member: (inout JSONScanner, String) throws -> Void) throws {
    try expect("{")
    if take("}") { return }
    repeat {
      let name = try string()
      try expect(":")
      try member(&self, name)
    } while take(",")
    try expect("}")
  }

  /// `[1, 2, ...]`, non-negative and without sign, point, exponent or leading zero.
  mutating func integers() throws -> [Int] {
    var values = [Int]()
    try expect("[")
    if take("]") { return values }
    repeat { values.append(try integer()) } while take(",")
    try expect("]")
    return values
  }

  private mutating func integer() throws -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(digit))
      guard !overflow, !carry, position == start || value > 0 else { throw fault("number out of range") }
      value = sum
      position += 1
    }
    guard position > start else { throw fault("expected a non-negative integer") }
    return value
  }

  mutating func string() throws -> String {
    try expect("\"")
    var units = [UInt8]()
    while true {
      guard position < bytes.count else { throw fault("string without end") }
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: units, as: UTF8.self) else { throw fault("string is not UTF-8") }
        return text
      case UInt8(ascii: "\\"): units.append(contentsOf: try escape())
      case 0..<32: throw fault("control character in a string")
      default: units.append(byte)
      }
    }
  }

  /// What follows a backslash, as UTF-8.
  private mutating func escape() throws -> [UInt8] {
    guard position < bytes.count else { throw fault("string without end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"):
      var unit = UInt32(try hexadecimal())
      if 0xD800..<0xDC00 ~= unit {
        guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
          bytes[position + 1] == UInt8(ascii: "u")
        else { throw fault("half of a surrogate pair") }
        position += 2
        let low = UInt32(try hexadecimal())
        guard 0xDC00..<0xE000 ~= low else { throw fault("half of a surrogate pair") }
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(unit) else { throw fault("half of a surrogate pair") }
      return Array(String(Character(scalar)).utf8)
    default: throw fault("unknown escape")
    }
  }

  private mutating func hexadecimal() throws -> UInt16 {
    guard position + 4 <= bytes.count else { throw fault("string without end") }
    var value: UInt16 = 0
    for byte in bytes[position..<position + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 128 else {
        throw fault("expected four hexadecimal digits")
      }
      value = value << 4 | UInt16(digit)
    }
    position += 4
    return value
  }

  /// Nothing but space may follow.
  mutating func end() throws {
    skipSpace()
    guard position == bytes.count else { throw fault("text behind the object") }
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws {
    guard take(character) else { throw fault("not the JSON of a safetensors header: expected '\(character)'") }
  }
}
