/// MusicCaps (Agostinelli et al., 2023) as published: CSV with the columns `ytid` (the id) and `caption`; the others
/// travel to the metadata. Option columns may be added.
struct MusicCapsFormat: ManifestFormat {
  let kind = ManifestFormatKind.musicCaps
  private var table: DelimitedTable

  static func recognises(_ head: ManifestHead) -> Bool {
    delimiter(head) != nil
  }

  /// A file with an `id` column of its own is a plain table that happens to have a `ytid`, too.
  private static func delimiter(_ head: ManifestHead) -> UInt8? {
    [UInt8(ascii: ","), UInt8(ascii: "\t")].first { delimiter in
      let header = head.header(delimiter: delimiter)
      return header.contains("ytid") && !header.contains("id")
    }
  }

  init(head: ManifestHead, reader: inout ByteReader) throws(ManifestError) {
    table = try DelimitedTable(
      delimiter: Self.delimiter(head) ?? UInt8(ascii: ","), idColumn: "ytid", reader: &reader)
  }

  mutating func nextRow(_ reader: inout ByteReader) throws(ManifestError) -> RawRow? {
    try table.nextRow(&reader)
  }
}
