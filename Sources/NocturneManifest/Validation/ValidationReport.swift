/// What the validation of a whole manifest found. Counts are complete; the lists keep the first `keptEntries` each, so
/// that a million bad rows do not fill the memory (`ManifestReader.forEach` hands out every one as it is found).
package struct ValidationReport: Hashable, Codable, Sendable {
  package static let keptEntries = 1000

  /// Something to know that stops nothing.
  package struct Note: Hashable, Codable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Codable, CodingKeyRepresentable, Sendable, CaseIterable {
      /// Two ids differ only in letter case: the files would overwrite each other on a case-folding file system.
      case idsDifferOnlyInCase
    }
    package var code: Code
    package var message: String
    package var location: SourceLocation

    package init(code: Code, message: String, location: SourceLocation) {
      self.code = code
      self.message = message
      self.location = location
    }

    package var description: String { "\(location): note: \(message)" }
  }

  /// Rows in the manifest, good and bad, without the header.
  package internal(set) var rows = 0
  package internal(set) var goodRows = 0
  package internal(set) var badRows = 0
  /// Good rows within the run's `limit`.
  package internal(set) var selectedRows = 0
  /// Items of the selected rows, all takes counted.
  package internal(set) var items = 0
  /// Clip seconds of the selected items together.
  package internal(set) var seconds = 0.0
  package internal(set) var faultCounts: [ManifestError.Code: Int] = [:]
  package internal(set) var noteCounts: [Note.Code: Int] = [:]
  package internal(set) var bad: [BadRow] = []
  package internal(set) var notes: [Note] = []

  package init() {}

  package var isClean: Bool { badRows == 0 }

  mutating func add(_ row: BadRow) {
    badRows += 1
    for fault in row.faults { faultCounts[fault.code, default: 0] += 1 }
    if bad.count < Self.keptEntries { bad.append(row) }
  }

  mutating func add(_ note: Note) {
    noteCounts[note.code, default: 0] += 1
    if notes.count < Self.keptEntries { notes.append(note) }
  }
}
