import Foundation
package import NocturneFarm
import NocturneJSON
package import NocturneManifest

/// All that is known of one item: where it is and why, and what happened to it.
package struct ItemStory: Hashable, Sendable {
  package var item: ItemKey { place.item }
  package var place: Whereabouts
  /// Oldest first; empty for an item that was never handed out.
  package var lines: [StoryLine]
  /// Whether a coordinator is at work and was asked.
  package var isLive: Bool

  /// The items that a name stands for: a row with all its takes, or one take.
  /// - Throws: `RunError`: `noRun`, `noItem`, `damaged`, `unresponsive`; `WireError`, `JournalFault`.
  package static func read(_ name: String, of directory: RunDirectory) throws -> [ItemStory] {
    guard directory.isRun else { throw RunError.noRun(directory) }
    let journal = try SQLiteJournal(reading: directory.journal)
    if let places = try RunOperator(directory).locate(name) {
      if places.isEmpty { throw fault(name, directory) }
      return try places.map { ItemStory(place: $0, lines: try journal.story(of: $0.item), isLive: true) }
    }
    let roll = try ItemRoll.read(directory.items)
    var keys = roll.filter { $0.row == name }
    if keys.isEmpty { keys = roll.filter { "\($0.row)-t\($0.take)" == name } }
    if keys.isEmpty { throw fault(name, directory) }
    let isPaused = try journal.isPaused()
    return try keys.map { key in
      let lines = try journal.story(of: key)
      return ItemStory(
        place: Whereabouts(of: key, story: lines.map(\.transition), isPaused: isPaused), lines: lines, isLive: false)
    }
  }

  /// Why there is no such item: perhaps its row was bad.
  private static func fault(_ name: String, _ directory: RunDirectory) -> RunError {
    struct Line: Decodable {
      var id: String?
      var take: Int?
      var message: String
    }
    let errors = FileManager.default.contents(atPath: directory.errors) ?? Data()
    for text in errors.split(separator: UInt8(ascii: "\n")) {
      guard isShallow(text), let line = try? JSONDecoder().decode(Line.self, from: text), line.id == name,
        line.take == nil
      else { continue }
      return RunError(.noItem, directory.path, "the row '\(name)' never became an item: \(line.message)")
    }
    return RunError(.noItem, directory.path, "the run has no item '\(name)'; its ids are those of the manifest")
  }
}
