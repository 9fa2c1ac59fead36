internal import Yams

/// A YAML mapping whose keys are known, with the place of each for messages.
struct JobMapping {
  private let file: String
  /// Where it begins.
  let location: SourceLocation
  private let entries: [String: (key: Node, value: Node)]

  /// - Parameter known: the keys that may stand here; a null value counts as an absent key.
  /// - Throws: `JobError` when `node` is no mapping or has another key.
  init(_ node: Node, name: String, known: [String], file: String) throws(JobError) {
    self.file = file
    location = Self.location(node, file)
    guard let mapping = node.mapping else {
      throw JobError(
        code: .notAMapping, message: "\(name) must be a mapping of keys to values, one \"key: value\" a line",
        location: location)
    }
    var entries: [String: (key: Node, value: Node)] = [:]
    for (key, value) in mapping {
      let text = key.scalar?.string ?? ""
      guard known.contains(text) else {
        let near = Self.nearest(text, among: known)
        throw JobError(
          code: .unknownKey,
          message: "unknown key \(quoted(text)) in \(name); "
            + (near.map { "did you mean \"\($0)\"?" } ?? "known are \(known.sorted().joined(separator: ", "))"),
          location: Self.location(key, file))
      }
      if value.null == nil { entries[text] = (key, value) }
    }
    self.entries = entries
  }

  func node(_ key: String) -> Node? { entries[key]?.value }

  func text(_ key: String) throws(JobError) -> String? {
    guard let entry = entries[key] else { return nil }
    guard let text = entry.value.scalar?.string, !text.isBlank else {
      throw fault(.wrongType, key, "must be text")
    }
    return text
  }

  /// A list of texts, or one.
  func texts(_ key: String) throws(JobError) -> [String]? {
    guard let entry = entries[key] else { return nil }
    guard let list = entry.value.sequence else { return try text(key).map { [$0] } }
    let texts = list.compactMap(\.scalar?.string)
    guard texts.count == list.count else { throw fault(.wrongType, key, "must be a list of names") }
    return texts
  }

  func flag(_ key: String) throws(JobError) -> Bool? {
    guard let entry = entries[key] else { return nil }
    guard let flag = entry.value.bool else { throw fault(.wrongType, key, "must be true or false") }
    return flag
  }

  func whole(_ key: String, _ range: ClosedRange<Int>) throws(JobError) -> Int? {
    guard let text = try text(key) else { return nil }
    let wanted = "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
    guard let number = Decimal.whole(text) else { throw fault(.wrongType, key, wanted) }
    guard range.contains(number) else { throw fault(.outOfRange, key, wanted) }
    return number
  }

  func number(_ key: String, _ range: ClosedRange<Double>) throws(JobError) -> Double? {
    guard let text = try text(key) else { return nil }
    let wanted = "must be a number from \(range.lowerBound.plain) to \(range.upperBound.plain)"
    guard let number = Decimal.number(text) else { throw fault(.wrongType, key, wanted) }
    guard range.contains(number) else { throw fault(.outOfRange, key, wanted) }
    return number
  }

  /// Sets a render option from the key of its name.
  func set(_ option: RenderOption, in settings: inout RenderSettings, limits: RenderLimits) throws(JobError) {
    guard let text = try text(option.rawValue) else { return }
    do throws(SettingFault) {
      try settings.set(option, to: text, limits: limits)
    } catch {
      let code: JobError.Code =
        switch error.code {
        case .notANumber: .wrongType
        case .unknownChoice: .unknownChoice
        default: .outOfRange
        }
      throw JobError(code: code, message: error.message, location: location(option.rawValue))
    }
  }

  /// A fault of a key's value, at the value.
  func fault(_ code: JobError.Code, _ key: String, _ wanted: String) -> JobError {
    let value = entries[key]?.value.scalar.map { "is \(quoted($0.string)); it " } ?? ""
    return JobError(code: code, message: "\(key) \(value)\(wanted)", location: location(key))
  }

  private func location(_ key: String) -> SourceLocation {
    guard let entry = entries[key] else { return SourceLocation(file: file) }
    return Self.location(entry.value, file)
  }

  private static func location(_ node: Node, _ file: String) -> SourceLocation {
    guard let mark = node.mark else { return SourceLocation(file: file) }
    return SourceLocation(file: file, line: mark.line, column: mark.column)
  }

  /// The known key that a slip of at most two letters makes of `text`.
  private static func nearest(_ text: String, among known: [String]) -> String? {
    known.map { ($0, distance(Array(text.utf8), Array($0.utf8))) }.filter { $0.1 <= 2 }.min { $0.1 < $1.1 }?.0
  }

  /// Levenshtein's edit distance.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, a) in left.prefix(64).enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        let above = row[j + 1]
        row[j + 1] = min(min(above, row[j]) + 1, diagonal + (a == b ? 0 : 1))
        diagonal = above
      }
    }
    return row[right.count]
  }
}
