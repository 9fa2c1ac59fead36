import Foundation
package import NocturneFarm
import NocturneJSON
import NocturneManifest
import NocturneWire

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

  /// A line as it was written; of a row that never became an item, whose take is null, there is no `item`.
  struct Told: Decodable {
    let id: String?
    let take: Int?
    let failureClass: String
    let message: String
    let attempts: Int

    private enum CodingKeys: String, CodingKey {
      case id, take, message, attempts
      case failureClass = "class"
    }

    var item: ItemKey? { id.flatMap { id in take.map { ItemKey(row: id, take: $0) } } }

    /// Nil for what is no line of ours.
    init?(_ line: Data) {
      guard isShallow(line), let told = try? JSONDecoder().decode(Told.self, from: line), told.attempts >= 0 else {
        return nil
      }
      self = told
    }
  }

  /// What stands in a file of such lines; nothing where there is none.
  static func told(in path: String) throws(FileFault) -> [Told] {
    (try Directory.contents(of: path) ?? Data()).split(separator: UInt8(ascii: "\n")).compactMap { Told(Data($0)) }
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
