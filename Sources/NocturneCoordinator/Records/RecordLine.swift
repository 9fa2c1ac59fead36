import Foundation
import NocturneJSON
import NocturneManifest

/// What a line of `metadata.jsonl` or `errors.jsonl` is about.
struct RecordLine: Decodable {
  var id: String
  var take: Int

  var key: ItemKey { ItemKey(row: id, take: take) }

  /// Nil when the line is about no item (a rejected row), or is no line of ours.
  init?(_ line: [UInt8]) {
    guard isShallow(line), let decoded = try? JSONDecoder().decode(Self.self, from: Data(line)) else { return nil }
    self = decoded
  }
}
