/// A fault in a manifest: of the whole file when thrown, of one row when it stands in a `BadRow`.
package struct ManifestError: Error, Hashable, Codable, Sendable, CustomStringConvertible {
  /// Stable names: scripts and `errors.jsonl` carry them.
  package enum Code: String, Hashable, Codable, CodingKeyRepresentable, Sendable, CaseIterable {
    // The whole file.
    case unreadable, empty, notText, notUTF8File, lineEndings, jsonArray, missingColumn, duplicateColumn, badHeader
    case noRows, refused
    // One row: its bytes.
    case badUTF8, nulByte, lineTooLong, truncatedQuote, textAfterQuote, wrongColumnCount
    case badJSON, wrongType, missingValue
    // One row: its meaning.
    case emptyCaption, emptyID, unsafeID, idTooLong, duplicateID, caseCollision, takeCollision
    case notANumber, outOfRange, unknownChoice
  }

  package var code: Code
  /// What is wrong and what to do about it, on one line.
  package var message: String
  package var location: SourceLocation

  package init(code: Code, message: String, location: SourceLocation) {
    self.code = code
    self.message = message
    self.location = location
  }

  package var description: String { "\(location): \(message)" }
}
