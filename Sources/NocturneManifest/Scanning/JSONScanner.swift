/// Where and why a text is not JSON.
struct JSONFault: Error, Hashable, Sendable {
  var message: String
  /// In bytes from the start of the text.
  var offset: Int
}

/// JSON reader (RFC 8259, strict) over one line. It keeps the place of every value, which Foundation's decoder does not.
/// The bytes must be valid UTF-8. Keys that stand twice in one object are refused, because readers disagree on which counts.
struct JSONScanner {
  static let maximumDepth = 64

  private let bytes: [UInt8]
  private var index = 0

  static func parse(_ bytes: [UInt8]) throws(JSONFault) -> JSONNode {
    var scanner = JSONScanner(bytes: bytes)
    let node = try scanner.value(depth: 0)
    scanner.skipBlanks()
    if scanner.index < bytes.count { throw scanner.fault("text after the end of the value; one object a line") }
    return node
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

  private func fault(_ message: String, at offset: Int? = nil) -> JSONFault {
    JSONFault(message: message, offset: offset ?? index)
  }

  private mutating func skipBlanks() {
    while let byte, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
  }

  private mutating func value(depth: Int) throws(JSONFault) -> JSONNode {
    skipBlanks()
    let offset = index
    guard depth < Self.maximumDepth else { throw fault("nested deeper than \(Self.maximumDepth) levels") }
    switch byte {
    case UInt8(ascii: "{"): return JSONNode(value: .object(try members(depth: depth)), offset: offset)
    case UInt8(ascii: "["): return JSONNode(value: .array(try elements(depth: depth)), offset: offset)
    case UInt8(ascii: "\""): return JSONNode(value: .string(try string()), offset: offset)
    case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?:
      return JSONNode(value: .number(try number()), offset: offset)
    case nil: throw fault("the line ends in the middle of a value")
    default: return JSONNode(value: try word(), offset: offset)
    }
  }

  private mutating func members(depth: Int) throws(JSONFault) -> [JSONMember] {
    index += 1
    var members: [JSONMember] = []
    var keys: Set<String> = []
    skipBlanks()
    if byte == UInt8(ascii: "}") {
      index += 1
      return members
    }
    while true {
      skipBlanks()
      let keyOffset = index
      guard byte == UInt8(ascii: "\"") else { throw fault(expected("a key in double quotes")) }
      let key = try string()
      guard keys.insert(key).inserted else { throw fault("the key \(quoted(key)) stands twice", at: keyOffset) }
      skipBlanks()
      guard byte == UInt8(ascii: ":") else { throw fault(expected("a colon")) }
      index += 1
      members.append(JSONMember(key: key, keyOffset: keyOffset, node: try value(depth: depth + 1)))
      skipBlanks()
      if byte == UInt8(ascii: "}") { break }
      guard byte == UInt8(ascii: ",") else { throw fault(expected("a comma or }")) }
      index += 1
    }
    index += 1
    return members
  }

  private mutating func elements(depth: Int) throws(JSONFault) -> [JSONNode] {
    index += 1
    var nodes: [JSONNode] = []
    skipBlanks()
    if byte == UInt8(ascii: "]") {
      index += 1
      return nodes
    }
    while true {
      nodes.append(try value(depth: depth + 1))
      skipBlanks()
      if byte == UInt8(ascii: "]") { break }
      guard byte == UInt8(ascii: ",") else { throw fault(expected("a comma or ]")) }
      index += 1
    }
    index += 1
    return nodes
  }

  private func expected(_ what: String) -> String {
    byte == nil ? "the line ends where \(what) is expected" : "\(what) is expected here"
  }

  private mutating func word() throws(JSONFault) -> JSONValue {
    for (text, value) in [("true", JSONValue.bool(true)), ("false", .bool(false)), ("null", .null)]
    where bytes[index...].starts(with: text.utf8) {
      index += text.utf8.count
      return value
    }
    throw fault("this is not a JSON value")
  }

  private mutating func number() throws(JSONFault) -> String {
    let start = index
    if byte == UInt8(ascii: "-") { index += 1 }
    if byte == UInt8(ascii: "0") { index += 1 } else { try digits() }
    if byte == UInt8(ascii: ".") {
      index += 1
      try digits()
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      index += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { index += 1 }
      try digits()
    }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  private mutating func digits() throws(JSONFault) {
    let start = index
    while let byte, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
    if index == start { throw fault(expected("a digit")) }
  }

  private mutating func string() throws(JSONFault) -> String {
    let start = index
    index += 1
    var text: [UInt8] = []
    while let byte {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw fault("a control character inside text; write it as an escape such as \\n")
      default:
        text.append(byte)
        index += 1
      }
    }
    throw fault("the text that opens here is never closed", at: start)
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
    let start = index
    index += 1
    guard let byte else { throw fault("the line ends inside an escape", at: start) }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text += UTF8.encode(try scalar(start))!
    default: throw fault("an unknown escape", at: start)
    }
  }

  /// The scalar of `\uXXXX`, or of two of them that make a surrogate pair.
  private mutating func scalar(_ start: Int) throws(JSONFault) -> Unicode.Scalar {
    let high = try hexadecimal(start)
    guard high != 0 else { throw fault("\\u0000 is a NUL character, which text cannot contain", at: start) }
    if let scalar = Unicode.Scalar(high) { return scalar }
    guard high < 0xDC00, bytes[index...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
      throw fault("half a surrogate pair", at: start)
    }
    index += 2
    let low = try hexadecimal(start)
    guard (0xDC00...0xDFFF).contains(low), let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    else { throw fault("half a surrogate pair", at: start) }
    return scalar
  }

  private mutating func hexadecimal(_ start: Int) throws(JSONFault) -> UInt32 {
    let digits = bytes[index..<min(index + 4, bytes.count)]
    let isHexadecimal = digits.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
    guard digits.count == 4, isHexadecimal, let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else {
      throw fault("\\u needs four hexadecimal digits", at: start)
    }
    index += 4
    return value
  }
}
