/// One line without its end.
struct TextLine {
  var bytes: [UInt8] = []
  /// From 1.
  var number = 1
  var fault: TextFault?

  /// Where the byte at `offset` stands.
  func position(_ offset: Int) -> Position {
    // A scalar has one byte that does not continue another.
    let scalars = bytes.prefix(offset).reduce(into: 0) { $0 += $1 & 0xC0 == 0x80 ? 0 : 1 }
    return Position(line: number, column: scalars + 1)
  }
}

/// Splits text into lines that end in LF or CRLF. Memory: one line, at most `maximumLineBytes` of it.
struct LineScanner {
  static let maximumLineBytes = 1 << 20

  /// The next line that is not empty of text; nil at the end of the file.
  mutating func next(_ reader: inout ByteReader) throws(ManifestError) -> TextLine? {
    while try reader.peek() != nil {
      let line = try anyLine(&reader)
      let isBlank = line.bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
      if line.fault != nil || !isBlank { return line }
    }
    return nil
  }

  private func anyLine(_ reader: inout ByteReader) throws(ManifestError) -> TextLine {
    var line = TextLine()
    line.number = reader.position.line
    var length = 0
    while let byte = try reader.next(), byte != 0x0A {
      length += 1
      if length <= Self.maximumLineBytes { line.bytes.append(byte) }
    }
    line.fault = reader.takeTextFault()
    if length > Self.maximumLineBytes {
      line.fault = TextFault(
        code: .lineTooLong, message: "the line is longer than \(Self.maximumLineBytes) bytes; shorten it",
        position: Position(line: line.number, column: 1))
    } else if line.bytes.last == 0x0D {
      line.bytes.removeLast()
    }
    return line
  }
}
