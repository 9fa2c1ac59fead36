import Foundation

/// Standard error as people see it; standard output belongs to results.
enum Terminal {
  static let isInteractive = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  /// Columns, 80 where the terminal does not say.
  static var width: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// Whoever reads may have gone, or the disk of a log be full: what is said is lost then, and the night goes on.
  static func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  /// A line of its own.
  static func remark(_ line: String) { write(line + "\n") }
}
