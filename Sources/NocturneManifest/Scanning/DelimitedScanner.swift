/// One record of a delimited file.
struct DelimitedRecord {
  struct Field {
    var text: String
    /// The first character, the opening quote if there is one.
    var position: Position
  }
  var fields: [Field] = []
  var start = Position()
  /// Just behind the last character.
  var end = Position()
  /// What is wrong with the record's bytes or quotes; its fields are then worth only a guess at the id.
  var fault: TextFault?
}

/// RFC 4180 scanner over bytes. CSV libraries for Swift exist, but report no positions, and a message without line and
/// column is of no use in a manifest of 5,521 rows; hence this one.
///
/// Lines end in LF or CRLF; newlines inside quotes are kept as they stand. Lines without any text are skipped. A quote
/// inside an unquoted field is text. Memory: one record, at most `maximumRecordBytes` of it.
struct DelimitedScanner {
  static let maximumRecordBytes = 1 << 20
  static let maximumFields = 4096

  let delimiter: UInt8
  private var buffer: [UInt8] = []
  private var recordBytes = 0

  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  init(delimiter: UInt8) {
    self.delimiter = delimiter
  }

  private enum FieldEnd { case delimiter, record }

  /// The next record that has text in it; nil at the end of the file.
  mutating func next(_ reader: inout ByteReader) throws(ManifestError) -> DelimitedRecord? {
    while try reader.peek() != nil {
      var record = DelimitedRecord()
      record.start = reader.position
      recordBytes = 0
      hasQuotes = false
      while try field(&reader, &record) == .delimiter {}
      if let fault = reader.takeTextFault(), record.fault == nil { record.fault = fault }
      if record.fault == nil, !hasQuotes, record.fields.allSatisfy({ $0.text.isBlank }) { continue }
      return record
    }
    return nil
  }

  /// Whether a field of the record is quoted: quoted empty texts are a row, while an empty line is none, nor is one of
  /// delimiters alone, as spreadsheets leave them below a table.
  private var hasQuotes = false

  private mutating func field(_ reader: inout ByteReader, _ record: inout DelimitedRecord) throws(ManifestError)
    -> FieldEnd
  {
    let start = reader.position
    buffer.removeAll(keepingCapacity: true)
    let isQuoted = try reader.peek() == Self.quote
    if isQuoted { hasQuotes = true }
    let end = try isQuoted ? quoted(&reader, &record, start) : unquoted(&reader, &record)
    if record.fields.count < Self.maximumFields {
      record.fields.append(.init(text: String(decoding: buffer, as: UTF8.self), position: start))
    } else if record.fault == nil {
      record.fault = TextFault(
        code: .wrongColumnCount, message: "more than \(Self.maximumFields) columns; is this a manifest?",
        position: start)
    }
    return end
  }

  private mutating func unquoted(_ reader: inout ByteReader, _ record: inout DelimitedRecord) throws(ManifestError)
    -> FieldEnd
  {
    while true {
      record.end = reader.position
      guard let byte = try reader.next(), byte != Self.lineFeed else { return .record }
      if byte == delimiter { return .delimiter }
      if byte == Self.carriageReturn, try reader.peek() == Self.lineFeed {
        _ = try reader.next()
        return .record
      }
      append(byte, &record)
    }
  }

  private mutating func quoted(
    _ reader: inout ByteReader, _ record: inout DelimitedRecord, _ start: Position
  ) throws(ManifestError) -> FieldEnd {
    _ = try reader.next()
    while let byte = try reader.next() {
      if byte != Self.quote {
        append(byte, &record)
      } else if try reader.peek() == Self.quote {
        _ = try reader.next()
        append(byte, &record)
      } else {
        return try afterClosingQuote(&reader, &record)
      }
    }
    record.end = reader.position
    let lines = reader.position.line - start.line - (reader.position.column == 1 ? 1 : 0)
    let rest = lines == 0 ? "" : ", so \(lines) more line\(lines == 1 ? "" : "s") were taken for its text"
    record.fault = TextFault(
      code: .truncatedQuote,
      message: "the quote that opens here is never closed\(rest); close it, and double quotes inside text",
      position: start)
    return .record
  }

  private mutating func afterClosingQuote(_ reader: inout ByteReader, _ record: inout DelimitedRecord)
    throws(ManifestError) -> FieldEnd
  {
    let position = reader.position
    let kept = buffer
    let end = try unquoted(&reader, &record)
    if buffer.count != kept.count, record.fault == nil {
      record.fault = TextFault(
        code: .textAfterQuote, message: "text after a closing quote; double the quotes inside quoted text",
        position: position)
    }
    buffer = kept
    return end
  }

  private mutating func append(_ byte: UInt8, _ record: inout DelimitedRecord) {
    recordBytes += 1
    if recordBytes <= Self.maximumRecordBytes {
      buffer.append(byte)
    } else if record.fault == nil {
      record.fault = TextFault(
        code: .lineTooLong,
        message: "the row is longer than \(Self.maximumRecordBytes) bytes; shorten it or look for an unclosed quote",
        position: record.start)
    }
  }
}
