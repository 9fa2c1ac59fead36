import Glibc

/// The operating system refused something about a file.
package struct FileFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was tried, as in `write`.
  package let operation: String
  package let path: String
  /// The system's error number.
  package let number: Int32

  package init(_ operation: String, _ path: String, number: Int32 = errno) {
    self.operation = operation
    self.path = path
    self.number = number
  }

  /// True where waiting may help: no room, quota reached, too many open files, no memory.
  package var isShortage: Bool { [ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM].contains(number) }

  /// In the system's words.
  package var reason: String { String(cString: strerror(number)) }
  package var description: String { "\(path): cannot \(operation): \(reason)" }
}
