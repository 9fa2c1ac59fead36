import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

extension Coordinator {
  /// Loads items and journal, puts the directory in order, and lets the state begin.
  func start() throws {
    try store.removePartials()
    try loadItems()
    try journal.replay { handle(.transitionsReplayed($0)) }
    if try journal.isPaused() { handle(.pauseReplayed) }
    let remembered = try journal.beginLife(lastShard: state.lastShard)
    handle(.workersRemembered(remembered.workers))
    handle(.livesRemembered(remembered.lives))
    try checkArtifacts()
    // Commits what was found missing, before anything is compared with the journal.
    try perform()
    try matchRecords()
    handle(.started)
    try writeDocument(nil)
    observer(.started(progress, run: opening.name, isResumed: isResumed))
    nextProgress = .now
  }

  private func loadItems() throws {
    var piece: [ItemEntry] = []
    var roll = ItemRoll()
    let needsRoll = options.keepsJournal && Directory.size(of: directory.items) == nil
    for position in 0..<items.count {
      let item = try items.item(at: position)
      sources.note(item.key, at: position)
      piece.append(ItemEntry(item))
      if needsRoll { roll.add(item.key) }
      if piece.count == 4096 || position == items.count - 1 {
        handle(.itemsLoaded(piece))
        piece = []
      }
    }
    if needsRoll { try roll.write(to: directory.items) }
  }

  /// A done item whose file is gone or has another size is rendered again. (`verify` looks at every byte.)
  private func checkArtifacts() throws {
    var missed: [(ItemKey, String)] = []
    try journal.forEachDone { receipt in
      let size = Directory.size(of: directory.audioFile(receipt.fileName))
      if size == receipt.facts.bytes { return }
      missed.append(
        (
          receipt.lease.item,
          size.map { "the file has \($0) bytes instead of \(receipt.facts.bytes)" } ?? "the file is missing"
        ))
    }
    for (item, reason) in missed { handle(.artifactMissed(item, reason: reason)) }
    // Cancelled while its result was on its way to its name, or given up beside a file of that name.
    for dead in try journal.deadItems() {
      guard let item = try sources.item(dead.item) else { continue }
      let path = directory.audioFile(item.fileName)
      if Directory.size(of: path) != nil { try Directory.remove(path) }
    }
  }

  /// Makes `metadata.jsonl` and `errors.jsonl` say what the journal says, whatever a crash left in them.
  private func matchRecords() throws {
    _ = try metadata.match { add in
      try journal.forEachDone { receipt in
        // An item of another selection of the same manifest keeps its audio, but is no part of this run.
        if let item = try sources.item(receipt.lease.item) { try add(MetadataLine.bytes(item, receipt)) }
      }
    }
    let dead = try journal.deadItems()
    _ = try errors.match { add in
      for row in rejected { try add(ErrorLine.bytes(row)) }
      for item in dead { try add(ErrorLine.bytes(item)) }
    }
  }
}
