/// A row that will not be rendered, with every fault found in it.
package struct BadRow: Hashable, Codable, Sendable {
  /// The row's id as far as it could be read; nil when it could not.
  package var id: String?
  /// Rows count from 1, bad ones included, the header not.
  package var row: Int
  /// At least one.
  package var faults: [ManifestError]

  package init(id: String?, row: Int, faults: [ManifestError]) {
    self.id = id
    self.row = row
    self.faults = faults
  }
}
