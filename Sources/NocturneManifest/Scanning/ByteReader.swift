internal import Crypto

/// A place in the text being read; `ByteReader.location` adds the file's name.
struct Position: Hashable, Sendable {
  /// From 1.
  var line = 1
  /// From 1, in Unicode scalars.
  var column = 1
}

/// Something wrong with the bytes of a record, before its meaning is looked at.
struct TextFault: Hashable, Sendable {
  var code: ManifestError.Code
  var message: String
  var position: Position
}

/// Hands out the bytes of a source one by one, keeping count of lines and columns, of invalid UTF-8 and NUL bytes, and of
/// the digest. A byte order mark at the front is swallowed. Memory: the current block (and the head, once).
struct ByteReader {
  static let headBytes = 1 << 16

  /// The file's name, for locations.
  let file: String
  /// Where the next byte stands.
  private(set) var position = Position()
  private(set) var bytes = 0
  private var source: any ByteSource
  private var block: [UInt8] = []
  private var index = 0
  private var atEnd = false
  private var digest = SHA256()
  private var check = UTF8Check()
  /// The first fault since `takeTextFault`.
  private var textFault: TextFault?

  init(source: any ByteSource, file: String) {
    self.source = source
    self.file = file
  }

  func location(_ position: Position) -> SourceLocation {
    SourceLocation(file: file, line: position.line, column: position.column)
  }

  /// The first bytes of the file without the byte order mark, for finding out its format; call it before anything else.
  /// - Returns: up to `headBytes` bytes, and whether that is the whole file.
  mutating func head() throws(ManifestError) -> (bytes: ArraySlice<UInt8>, isWhole: Bool) {
    while block.count <= Self.headBytes, try appendBlock() {}
    if block.starts(with: byteOrderMark) { index = byteOrderMark.count }
    let end = min(block.count, index + Self.headBytes)
    return (block[index..<end], atEnd && end == block.count)
  }

  /// The next byte without taking it; nil at the end.
  mutating func peek() throws(ManifestError) -> UInt8? {
    if index == block.count, try !refill() { return nil }
    return block[index]
  }

  /// Takes the next byte; nil at the end.
  mutating func next() throws(ManifestError) -> UInt8? {
    if index == block.count, try !refill() {
      if check.isInsideScalar { note(.badUTF8, at: check.start, byte: nil) }
      check = UTF8Check()
      return nil
    }
    let byte = block[index]
    index += 1
    if byte < 0x80, !check.isInsideScalar {
      takeASCII(byte)
    } else {
      takeMultibyte(byte)
    }
    return byte
  }

  /// The first invalid UTF-8 or NUL byte since the last call.
  mutating func takeTextFault() -> TextFault? {
    defer { textFault = nil }
    return textFault
  }

  /// Lower-case hexadecimal SHA-256 of all bytes, to be called once everything was read.
  func sha256() -> String {
    digest.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private mutating func takeASCII(_ byte: UInt8) {
    if byte == 0x0A {
      position.line += 1
      position.column = 1
      return
    }
    if byte == 0 { note(.nulByte, at: position, byte: byte) }
    position.column += 1
  }

  private mutating func takeMultibyte(_ byte: UInt8) {
    switch check.take(byte, at: position) {
    case .begins: position.column += 1
    case .continues: break
    case .stray:
      note(.badUTF8, at: position, byte: byte)
      position.column += 1
    case .interrupted:
      note(.badUTF8, at: check.start, byte: nil)
      // The byte that interrupts begins something itself.
      check = UTF8Check()
      if byte < 0x80 { takeASCII(byte) } else { takeMultibyte(byte) }
    }
  }

  private mutating func note(_ code: ManifestError.Code, at position: Position, byte: UInt8?) {
    guard textFault == nil else { return }
    let message =
      switch (code, byte) {
      case (.nulByte, _): "a NUL byte; text cannot contain it"
      case (_, let byte?): "byte 0x\(String(byte, radix: 16, uppercase: true)) is not UTF-8; save the file as UTF-8"
      case (_, nil): "a UTF-8 character is cut short; save the file as UTF-8"
      }
    textFault = TextFault(code: code, message: message, position: position)
  }

  private mutating func refill() throws(ManifestError) -> Bool {
    block.removeAll(keepingCapacity: true)
    index = 0
    return try appendBlock()
  }

  private mutating func appendBlock() throws(ManifestError) -> Bool {
    guard !atEnd else { return false }
    let next = try source.nextBlock()
    if next.isEmpty {
      atEnd = true
      return false
    }
    next.withUnsafeBytes { digest.update(bufferPointer: $0) }
    bytes += next.count
    if block.isEmpty { block = next } else { block += next }
    return true
  }
}
