/// A text in the manifest and where it stands.
struct Cell: Hashable, Sendable {
  var text: String
  var position: Position
}

/// A row as a format understood it, before its values are judged.
struct RawRow {
  /// Where the row begins.
  var position: Position
  var id: Cell?
  var caption: Cell?
  var options: [(option: RenderOption, cell: Cell)] = []
  var extra: [String: String] = [:]
  /// Faults that the format itself found. A row with a fault of its bytes or shape is not judged further.
  var faults: [TextFault] = []

  init(position: Position) {
    self.position = position
  }
}
