import NocturneManifest

/// How the first items failed, as long as the run never had a result and all failed alike.
struct FirstFailures: Sendable {
  /// As the first one put it.
  var message = ""
  /// Without what differs from item to item.
  var kind = ""
  var positions: Set<Int> = []
  var shards: Set<UInt64> = []
  /// Artifacts that arrived and were not sound.
  var rejections = 0
  var workers: Set<WorkerID> = []

  /// Failures that are none of each other's doing.
  var occasions: Int { shards.count + rejections }

  /// The message without numbers and without the item's name.
  static func kind(of message: String, item: ItemKey) -> String {
    var kind = ""
    for character in message.replacing(item.row, with: "") {
      if !character.isNumber { kind.append(character) } else if kind.last != "#" { kind.append("#") }
    }
    return kind
  }
}
