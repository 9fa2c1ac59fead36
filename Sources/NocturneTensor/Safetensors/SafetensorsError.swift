/// A safetensors file that cannot be read, is not what it should be, or could not be written.
package struct SafetensorsError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The operating system refused: missing, unreadable, unwritable, disk full.
    case io
    /// The file as a whole is no safetensors file, or is cut short.
    case header
    /// One tensor's entry contradicts itself or the file.
    case entry
    case missing
    /// Other extents than the reader expects.
    case shape
    /// Values of a type the reader cannot use.
    case dtype
    /// NaN or infinity among the values.
    case nonFinite
    /// Tensors nobody asked for.
    case unused
  }

  package let code: Code
  package let file: String
  /// The tensor concerned.
  package let key: String?
  /// What was expected and found, and what to do where that is not plain.
  package let message: String

  package init(_ code: Code, file: String, key: String? = nil, _ message: String) {
    self.code = code
    self.file = file
    self.key = key
    self.message = message
  }

  package var description: String {
    let place = key.map { ": tensor '\(Self.printable($0))'" } ?? ""
    return "\(file)\(place): \(message)"
  }

  /// Names come from the file: no line breaks, no control characters, no end.
  static func printable(_ name: String) -> String {
    let clean = String(name.unicodeScalars.prefix(120).map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) })
    return clean.unicodeScalars.count < name.unicodeScalars.count ? clean + "..." : clean
  }
}
