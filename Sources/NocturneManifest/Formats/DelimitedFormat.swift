/// Plain CSV or TSV with a header: `id`, `caption` and any option column.
struct DelimitedFormat: ManifestFormat {
  let kind: ManifestFormatKind
  private var table: DelimitedTable

  private static let comma = UInt8(ascii: ",")
  private static let tab = UInt8(ascii: "\t")

  /// A first line that has one of the two columns is a header, so that a table which lacks the other is refused rather
  /// than sung line by line.
  static func recognises(_ head: ManifestHead) -> Bool {
    max(known(head, comma), known(head, tab)) > 0
  }

  /// How many of the header's names Nocturne reads; 0 if neither of the two that it must have is there.
  private static func known(_ head: ManifestHead, _ delimiter: UInt8) -> Int {
    let header = head.header(delimiter: delimiter)
    guard header.contains("id") || header.contains("caption") else { return 0 }
    return header.reduce(into: 0) { count, name in
      count += name == "id" || name == "caption" || RenderOption(rawValue: name) != nil ? 1 : 0
    }
  }

  init(head: ManifestHead, reader: inout ByteReader) throws(ManifestError) {
    let isTabbed = Self.known(head, Self.tab) > Self.known(head, Self.comma)
    kind = isTabbed ? .tsv : .csv
    table = try DelimitedTable(delimiter: isTabbed ? Self.tab : Self.comma, idColumn: "id", reader: &reader)
  }

  mutating func nextRow(_ reader: inout ByteReader) throws(ManifestError) -> RawRow? {
    try table.nextRow(&reader)
  }
}
