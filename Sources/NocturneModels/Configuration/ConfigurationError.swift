/// A `config.json` that cannot be used.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// Not JSON, or a key is missing, unknown or of another type.
    case malformed
    /// Another format version.
    case format
    /// Well-formed, but describes no network that can be built.
    case impossible
    /// No configuration has this name.
    case unknownName
  }

  package let code: Code
  package let message: String
  /// The file, or the configuration's name.
  package let source: String

  package init(_ code: Code, _ message: String, source: String) {
    self.code = code
    self.message = message
    self.source = source
  }

  package var description: String { "\(source): \(message)" }
}
