import Foundation
import NocturneManifest
import NocturneWire

/// The names of all items of a run in manifest order, `state/items`: what a verb on a stopped run has to know of those that
/// were never handed out. A line is take, blank, id; no id holds a newline. Written once, as a run's manifest never changes.
struct ItemRoll {
  private var text = Data()

  mutating func add(_ key: ItemKey) { text += "\(key.take) \(key.row)\n".utf8 }

  func write(to path: String) throws(FileFault) { try Directory.replace(path, with: text) }

  /// - Throws: `RunError` with code `damaged` when the file is missing or torn.
  static func read(_ path: String) throws(RunError) -> [ItemKey] {
    guard let text = FileManager.default.contents(atPath: path) else {
      throw RunError(.damaged, path, "is missing; run the run's own command again, and ask while that works")
    }
    var keys: [ItemKey] = []
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
      guard words.count == 2, let take = Int(String(decoding: words[0], as: UTF8.self)) else {
        throw RunError(
          .damaged, path, "is damaged; remove it, run the run's own command again, and ask while that works")
      }
      keys.append(ItemKey(row: String(decoding: words[1], as: UTF8.self), take: take))
    }
    return keys
  }
}
