import GRDB
import NocturneWire

/// The journal could not be written or read.
package struct JournalFault: Error, Hashable, Sendable, CustomStringConvertible {
  package let path: String
  package let message: String
  /// True where waiting may help: the disk is full.
  package let isShortage: Bool
  /// True where what it holds is not what was written.
  package let isDamage: Bool

  init(_ path: String, _ error: any Error) {
    self.path = path
    let database = error as? DatabaseError
    isShortage = database?.resultCode == .SQLITE_FULL || database?.resultCode == .SQLITE_IOERR
    isDamage =
      error is RowDecodingError || error is DecodingError
      || database.map { [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains($0.resultCode) } ?? false
    message =
      switch error {
      case let error as DatabaseError: error.message ?? "\(error.resultCode)"
      case is RowDecodingError, is DecodingError: "a row holds a value of the wrong kind"
      default: "\(error)"
      }
  }

  package var description: String {
    "\(path): the journal failed: \(message)" + (isDamage ? "; \(Self.remedy(path))" : "")
  }

  /// What to do about a journal that cannot be read.
  static func remedy(_ path: String) -> String {
    "`nocturne verify \(Directory.parent(of: Directory.parent(of: path))) --repair` makes it anew; audio that is sound is kept"
  }
}
