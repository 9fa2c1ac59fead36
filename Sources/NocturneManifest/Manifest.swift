/// What is known of a manifest once it was read to its end, apart from the items.
package struct ManifestSummary: Hashable, Codable, Sendable {
  /// Path as given; `<stdin>` for standard input.
  package var file: String
  /// Name of the format, as `ManifestFormatKind` spells it.
  package var format: ManifestFormatKind
  /// Lower-case hexadecimal SHA-256 of the manifest's bytes.
  package var sha256: String
  package var bytes: Int
  package var report: ValidationReport

  package init(file: String, format: ManifestFormatKind, sha256: String, bytes: Int, report: ValidationReport) {
    self.file = file
    self.format = format
    self.sha256 = sha256
    self.bytes = bytes
    self.report = report
  }
}

/// A manifest held in memory: its items in the order of rows and takes. For a million rows use `ManifestReader.forEach`.
package struct Manifest: Hashable, Sendable {
  package var summary: ManifestSummary
  package var items: [Item]
  /// Every bad row within the limit.
  package var badRows: [BadRow]

  package init(summary: ManifestSummary, items: [Item], badRows: [BadRow]) {
    self.summary = summary
    self.items = items
    self.badRows = badRows
  }
}
