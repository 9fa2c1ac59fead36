/// JSON Lines: `{"id": ..., "caption": ..., ...}`, one object a line, option keys as in a table's columns.
struct JSONLinesFormat: ManifestFormat {
  let kind = ManifestFormatKind.jsonLines
  private var lines = JSONObjectLines()

  static func recognises(_ head: ManifestHead) -> Bool {
    head.firstByte == UInt8(ascii: "{")
  }

  init(head: ManifestHead, reader: inout ByteReader) {}

  mutating func nextRow(_ reader: inout ByteReader) throws(ManifestError) -> RawRow? {
    guard var line = try lines.next(&reader) else { return nil }
    guard line.row.faults.isEmpty else { return line.row }
    for member in line.members {
      switch member.key {
      case "id": line.row.id = line.text(member)
      case "caption": line.row.caption = line.text(member)
      case let key:
        if let option = RenderOption(rawValue: key) {
          line.take(option, member)
        } else {
          line.row.extra[key] = member.node.value.carried
        }
      }
    }
    line.require(line.row.id, key: "id")
    line.require(line.row.caption, key: "caption")
    return line.row
  }
}
