/// A checkpoint directory that cannot be used or made. Faults inside a tensor file are `SafetensorsError`.
package struct CheckpointError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// A file of the checkpoint or of the text encoder is absent or unreadable.
    case missingFile
    /// `manifest.json` is no manifest, or of another format.
    case manifest
    /// A file's bytes are not those the manifest or the configuration names.
    case digest
    /// `vocab.txt` does not fit the text encoder.
    case vocabulary
    /// The configuration's text encoder is an installed package, and nobody said where it is.
    case textEncoder
    /// The directory to make is not empty, or cannot be written.
    case output
  }

  package let code: Code
  /// Path of the file or directory concerned.
  package let file: String
  /// What was expected and found, and what to do.
  package let message: String

  package init(_ code: Code, file: String, _ message: String) {
    self.code = code
    self.file = file
    self.message = message
  }

  package var description: String { "\(file): \(message)" }
}
