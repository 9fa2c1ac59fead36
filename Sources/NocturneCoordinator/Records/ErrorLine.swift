import Foundation
package import NocturneFarm
import NocturneJSON
import NocturneManifest

/// A line of `errors.jsonl`.
package enum ErrorLine {
  /// - Returns: UTF-8 with the newline at its end.
  package static func bytes(_ dead: DeadItem) -> [UInt8] {
    var line = JSONText()
    line.add("id", dead.item.row)
    line.add("take", dead.item.take)
    line.add("class", dead.failureClass.rawValue)
    line.add("message", dead.message)
    line.add("attempts", dead.attempts)
    line.add("workers", dead.workers.map(\.name))
    return line.line()
  }

  /// Whether a line tells of a manifest row that never became an item: it has no take.
  static func isOfRow(_ line: Data) -> Bool {
    struct Line: Decodable {
      var take: Int?
      var attempts: Int
    }
    guard isShallow(line), let found = try? JSONDecoder().decode(Line.self, from: line) else { return false }
    return found.take == nil && found.attempts == 0
  }

  /// A manifest row that never became an item.
  package static func bytes(_ row: RejectedRow) -> [UInt8] {
    var line = JSONText()
    if let id = row.id { line.add("id", id) } else { line.addNull("id") }
    line.addNull("take")
    line.add("class", FailureClass.badItem.rawValue)
    line.add("message", row.message)
    line.add("attempts", 0)
    line.add("workers", [])
    return line.line()
  }
}

/// A manifest row that is no item: it goes to `errors.jsonl` and costs nothing.
package struct RejectedRow: Hashable, Sendable {
  /// As far as it could be read.
  package var id: String?
  /// Every fault with its place in the manifest, on one line.
  package var message: String

  package init(id: String?, message: String) {
    self.id = id
    self.message = message
  }
}
