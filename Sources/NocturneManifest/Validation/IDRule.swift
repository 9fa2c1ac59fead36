/// What an id must be to serve as a file name on the file systems that audio is copied to.
enum IDRule {
  /// In UTF-8 bytes. File names may have 255; the rest is for the take suffix, the extension and names of partial files.
  static let maximumBytes = 200

  /// What is wrong with an id; nil when it can be used. Ids may begin with `-` or `_`, as those of MusicCaps do.
  static func fault(_ id: String) -> (code: ManifestError.Code, message: String)? {
    guard !id.isEmpty else { return (.emptyID, "the id is empty; give every row one") }
    guard id.utf8.count <= maximumBytes else {
      return (.idTooLong, "the id \(quoted(id)) has \(id.utf8.count) bytes; at most \(maximumBytes) fit a file name")
    }
    guard let reason = reason(id) else { return nil }
    return (.unsafeID, "the id \(quoted(id)) \(reason), so it cannot be a file name; rename it")
  }

  private static func reason(_ id: String) -> String? {
    let scalars = id.unicodeScalars
    if id == "." || id == ".." { return "means a folder" }
    if scalars.first == "." { return "begins with a dot" }
    if scalars.contains("/") || scalars.contains("\\") { return "contains a slash" }
    for scalar in scalars where !scalar.isASCII || scalar.value < 0x20 || scalar.value == 0x7F {
      switch scalar.properties.generalCategory {
      case .control: return "contains a control character"
      case .lineSeparator, .paragraphSeparator: return "contains a line break"
      case .format, .surrogate, .unassigned: return "contains an invisible character"
      default: break
      }
    }
    if scalars.first!.properties.isWhitespace || scalars.last!.properties.isWhitespace {
      return "begins or ends with a blank"
    }
    return nil
  }
}
