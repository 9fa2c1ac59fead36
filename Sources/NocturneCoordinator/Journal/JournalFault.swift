import GRDB

/// The journal could not be written or read.
package struct JournalFault: Error, Hashable, Sendable, CustomStringConvertible {
  package let path: String
  package let message: String
  /// True where waiting may help: the disk is full.
  package let isShortage: Bool

  init(_ path: String, _ error: any Error) {
    self.path = path
    let database = error as? DatabaseError
    isShortage = database?.resultCode == .SQLITE_FULL || database?.resultCode == .SQLITE_IOERR
    message =
      switch error {
      case let error as DatabaseError: error.message ?? "\(error.resultCode)"
      case is RowDecodingError, is DecodingError: "a row holds a value of the wrong kind"
      default: "\(error)"
      }
  }

  package var description: String { "\(path): the journal failed: \(message)" }
}
