/// A key file that cannot be used.
package struct KeyError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable, CaseIterable {
    /// Not there, or not ours to read; exit code 65.
    case unreadable
    /// Others can read a secret, or change whom we trust; exit code 65.
    case exposed
    /// No key of the kind that is needed; exit code 65.
    case malformed
    /// A new key would replace it; exit code 73.
    case exists
  }

  package var code: Code
  package var path: String
  package var message: String

  package init(_ code: Code, _ path: String, _ message: String) {
    self.code = code
    self.path = path
    self.message = message
  }

  package var description: String { "\(path): \(message)" }

  /// interface.md, "Exit codes".
  package var exitStatus: Int32 { code == .exists ? 73 : 65 }
}
