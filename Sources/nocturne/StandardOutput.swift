import Foundation

/// Where results go, as text or as JSON.
enum StandardOutput {
  /// Writes what was printed and is still held back.
  /// - Throws: `CommandFailure` when a reader has gone or a disk is full: a result that nobody got is no success.
  static func flush() throws {
    if fflush(nil) != 0 { throw failure(String(cString: strerror(errno))) }
  }

  fileprivate static func failure(_ reason: String) -> CommandFailure {
    CommandFailure(.cannotWrite, "standard output cannot be written: \(reason); give it a reader, or room")
  }
}

/// Prints one JSON object on a line of its own.
/// - Throws: `CommandFailure` when standard output cannot be written.
func printJSON(_ object: [String: Any]) throws {
  let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
  do {
    try FileHandle.standardOutput.write(contentsOf: data + Data("\n".utf8))
  } catch {
    throw StandardOutput.failure(error.localizedDescription)
  }
}
