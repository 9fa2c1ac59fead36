/// A job file that cannot be used.
package struct JobError: Error, Hashable, Codable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Codable, Sendable, CaseIterable {
    case unreadable, badYAML, notAMapping, unknownKey, missingKey, wrongType, outOfRange, unknownChoice
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
