/// One way of writing a manifest. To add a format: one file here, one entry in `ManifestFormats.all`, one case in
/// `ManifestFormatKind`, an example in `Manifests/`, good and faulty fixtures.
protocol ManifestFormat: Sendable {
  var kind: ManifestFormatKind { get }

  /// Whether a file that begins so is of this format.
  static func recognises(_ head: ManifestHead) -> Bool

  /// Reads what stands before the first row.
  /// - Throws: `ManifestError` when no row can be read.
  init(head: ManifestHead, reader: inout ByteReader) throws(ManifestError)

  /// The next row; nil at the end.
  /// - Throws: `ManifestError` only when reading fails; what is wrong with a row stands in the row.
  mutating func nextRow(_ reader: inout ByteReader) throws(ManifestError) -> RawRow?
}

/// The list of formats, asked in this order; the last takes everything.
enum ManifestFormats {
  static let all: [any ManifestFormat.Type] = [
    OpenAIBatchFormat.self, JSONLinesFormat.self, MusicCapsFormat.self, DelimitedFormat.self, PlainTextFormat.self,
  ]

  /// Finds out the format of a file by its content.
  /// - Throws: `ManifestError` when the file is of none, with what it seems to be.
  static func detect(_ reader: inout ByteReader) throws(ManifestError) -> any ManifestFormat {
    let (bytes, isWhole) = try reader.head()
    let head = ManifestHead(bytes: Array(bytes), isWhole: isWhole)
    try head.refuseWhatIsNoManifest(file: reader.file)
    for format in all where format.recognises(head) {
      if format == PlainTextFormat.self { try refuseTable(reader.file) }
      return try format.init(head: head, reader: &reader)
    }
    preconditionFailure("ManifestFormats.all: no format took the file, yet plain text takes everything")
  }

  /// What a name says to be a table, and what begins like none, is not sung line by line, its header first.
  private static func refuseTable(_ file: String) throws(ManifestError) {
    let name = file.lowercased()
    let missing: String
    if name.hasSuffix(".csv") || name.hasSuffix(".tsv") {
      missing = "line 1 is no header: it names neither id nor caption"
    } else if name.hasSuffix(".jsonl") || name.hasSuffix(".json") {
      missing = "line 1 is no JSON object"
    } else {
      return
    }
    throw ManifestError(
      code: .badHeader, message: "\(missing); mend that, or end the name in .txt if every line is a caption",
      location: SourceLocation(file: file, line: 1))
  }
}
