/// A run directory that cannot be used.
package struct RunError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable, CaseIterable {
    /// Cannot be made or written, or has no room; exit code 73.
    case unwritable
    /// Another coordinator works on it; exit code 73.
    case locked
    /// It holds the run of another manifest, model or settings; exit code 65.
    case otherRun
    /// There is no run in it; exit code 65.
    case noRun
    /// Its journal cannot be read; exit code 65.
    case damaged
    /// Its journal is of another version of the program; exit code 65.
    case otherVersion
    /// It has no item of that name; exit code 65.
    case noItem
    /// The process at work on it does not answer; exit code 69.
    case unresponsive
  }

  package var code: Code
  package var path: String
  package var message: String

  package init(_ code: Code, _ path: String, _ message: String) {
    self.code = code
    self.path = path
    self.message = message
  }

  static func noRun(_ directory: RunDirectory) -> RunError {
    let advice =
      directory.mayBeRebuilt
      ? "the run here has lost its journal; make it anew with `nocturne verify \(directory.path) --repair`"
      : "there is no run here; `nocturne render MANIFEST --out` makes one"
    return RunError(.noRun, directory.path, advice)
  }

  package var description: String { "\(path): \(message)" }

  /// interface.md, "Exit codes".
  package var exitStatus: Int32 {
    switch code {
    case .unwritable, .locked: 73
    case .otherRun, .noRun, .damaged, .otherVersion, .noItem: 65
    case .unresponsive: 69
    }
  }
}
