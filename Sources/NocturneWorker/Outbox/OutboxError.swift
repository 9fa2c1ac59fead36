/// An outbox that cannot be used.
package struct OutboxError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable, CaseIterable {
    /// Cannot be made, read or written; exit code 73.
    case unwritable
    /// Another worker uses it; exit code 73.
    case locked
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
  package var exitStatus: Int32 { 73 }
}
