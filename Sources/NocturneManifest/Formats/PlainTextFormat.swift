/// One caption a line; the id is the line's number. Empty lines are skipped, but counted.
struct PlainTextFormat: ManifestFormat {
  /// Digits of an id. Fixed, so that lines added at the end rename no file.
  static let idDigits = 6

  let kind = ManifestFormatKind.plainText
  private var lines = LineScanner()

  static func recognises(_ head: ManifestHead) -> Bool { true }

  init(head: ManifestHead, reader: inout ByteReader) {}

  mutating func nextRow(_ reader: inout ByteReader) throws(ManifestError) -> RawRow? {
    guard let line = try lines.next(&reader) else { return nil }
    let position = Position(line: line.number, column: 1)
    let number = String(line.number)
    var row = RawRow(position: position)
    row.id = Cell(
      text: String(repeating: "0", count: max(0, Self.idDigits - number.count)) + number, position: position)
    row.caption = Cell(text: String(decoding: line.bytes, as: UTF8.self), position: position)
    if let fault = line.fault { row.faults.append(fault) }
    return row
  }
}
