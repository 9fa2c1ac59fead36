/// A delimited file with a header: which column means what, and its rows. What MusicCaps and plain CSV/TSV share.
struct DelimitedTable {
  private enum Role {
    case id, caption
    case option(RenderOption)
    case extra(String)
  }

  private var scanner: DelimitedScanner
  private var roles: [Role] = []

  /// Reads the header. Names that Nocturne reads are compared without regard to letter case.
  /// - Parameter idColumn: name of the column that holds the id.
  /// - Throws: `ManifestError` for a header that is faulty or lacks a column.
  init(delimiter: UInt8, idColumn: String, reader: inout ByteReader) throws(ManifestError) {
    scanner = DelimitedScanner(delimiter: delimiter)
    guard let header = try scanner.next(&reader) else {
      throw ManifestError(
        code: .empty, message: "the manifest is empty; it needs one caption at least",
        location: SourceLocation(file: reader.file))
    }
    if let fault = header.fault {
      throw ManifestError(
        code: .badHeader, message: "in the header, \(fault.message)", location: reader.location(fault.position))
    }
    var seen: Set<String> = []
    for (index, field) in header.fields.enumerated() {
      let name = field.text.trimmed.isEmpty ? "column\(index + 1)" : field.text.trimmed
      let role = Self.role(name, idColumn: idColumn)
      let key = if case .extra = role { name } else { name.lowercased() }
      guard seen.insert(key).inserted else {
        throw ManifestError(
          code: .duplicateColumn, message: "the column \(quoted(name)) stands twice; rename or drop one",
          location: reader.location(field.position))
      }
      roles.append(role)
    }
    for needed in [idColumn, "caption"] where !seen.contains(needed) {
      let names = header.fields.prefix(12).map { quoted($0.text) }.joined(separator: ", ")
      throw ManifestError(
        code: .missingColumn, message: "no column \"\(needed)\" among \(names); the header must name it",
        location: reader.location(header.start))
    }
  }

  private static func role(_ name: String, idColumn: String) -> Role {
    let lower = name.lowercased()
    if lower == idColumn { return .id }
    if lower == "caption" { return .caption }
    return RenderOption(rawValue: lower).map(Role.option) ?? .extra(name)
  }

  mutating func nextRow(_ reader: inout ByteReader) throws(ManifestError) -> RawRow? {
    guard let record = try scanner.next(&reader) else { return nil }
    var row = RawRow(position: record.start)
    for (role, field) in zip(roles, record.fields) {
      let cell = Cell(text: field.text, position: field.position)
      switch role {
      case .id: row.id = cell
      case .caption: row.caption = cell
      case .option(let option): if !field.text.isBlank { row.options.append((option, cell)) }
      case .extra(let name): row.extra[name] = field.text
      }
    }
    if let fault = record.fault {
      row.faults.append(fault)
    } else if record.fields.count != roles.count {
      let isShort = record.fields.count < roles.count
      row.faults.append(
        TextFault(
          code: .wrongColumnCount,
          message: "\(record.fields.count) columns where the header has \(roles.count); "
            + (isShort ? "add the missing ones" : "quote text that contains the separator"),
          position: isShort ? record.end : record.fields[roles.count].position))
    }
    return row
  }
}
