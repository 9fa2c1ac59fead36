/// A place in an input file, as editors count: lines and columns from 1, a column being one Unicode scalar.
package struct SourceLocation: Hashable, Codable, Sendable, CustomStringConvertible {
  /// Path as the user gave it; `<stdin>` for standard input.
  package var file: String
  /// 0 when the whole file is meant.
  package var line: Int
  /// 0 when the whole line is meant.
  package var column: Int

  package init(file: String, line: Int = 0, column: Int = 0) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// `file`, `file:line` or `file:line:column`, the form that editors and terminals make clickable.
  package var description: String {
    if line == 0 { return file }
    return column == 0 ? "\(file):\(line)" : "\(file):\(line):\(column)"
  }
}
