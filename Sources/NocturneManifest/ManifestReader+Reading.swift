extension ManifestReader {
  /// Reads the manifest to its end and hands out items in the order of rows and takes, bad rows as they are met.
  ///
  /// With `limit`, rows after the last selected one are validated and counted, but not handed out. With `strict`, nothing is
  /// handed out after the first bad row, and the call throws at the end.
  /// - Returns: what was found, the digest of all bytes read included.
  /// - Throws: `ManifestError` when the manifest cannot be read as a whole or is refused; whatever the closures throw.
  package func forEach(badRow: (BadRow) throws -> Void = { _ in }, item: (Item) throws -> Void) throws
    -> ManifestSummary
  {
    fatalError("ManifestReader.forEach: under construction")
  }

  /// Reads the manifest into memory.
  /// - Throws: `ManifestError` when the manifest cannot be read as a whole or is refused.
  package func read() throws -> Manifest {
    var items: [Item] = []
    var badRows: [BadRow] = []
    let summary = try forEach(badRow: { badRows.append($0) }, item: { items.append($0) })
    return Manifest(summary: summary, items: items, badRows: badRows)
  }

  /// Validates without keeping items.
  package func validate() throws -> ManifestSummary {
    try forEach { _ in }
  }
}
