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
      return try format.init(head: head, reader: &reader)
    }
    preconditionFailure("ManifestFormats.all: no format took the file, yet plain text takes everything")
  }
}
