package import Foundation
package import NocturneFarm
import NocturneJSON

/// What can be seen of a run from outside, whether a coordinator is at work on it or not.
package struct RunStatus: Hashable, Sendable {
  package var run: String
  package var record: RunRecord
  package var created: Date
  /// Since when an operator has it paused; nil while it is not.
  package var pausedSince: Date?
  package var counts: ItemCounts
  /// Process id of the coordinator at work; nil when there is none, and then `leased` items are waiting in truth.
  package var owner: Int?
  /// What that coordinator last wrote down, at most a few seconds old; nil when there is none.
  package var live: LiveStatus?
  /// `verdict` of `run.json`: `running` (also after a crash), `stopped`, `complete`, `complete with dead items`.
  package var verdict: String?
  /// As `run.json` counts them: rows of the manifest that are no items.
  package var rejectedRows: Int
  /// The cancelled ones too.
  package var dead: [DeadItem]

  /// - Throws: `RunError` with code `noRun` or `damaged`; `JournalFault`.
  package init(reading directory: RunDirectory) throws {
    guard directory.isRun else { throw RunError.noRun(directory) }
    let journal = try SQLiteJournal(reading: directory.journal)
    guard let opening = try journal.opening() else {
      throw RunError(.noRun, directory.path, "the run was never opened; start it again")
    }
    run = opening.name
    record = opening.record
    created = Date(timeIntervalSince1970: opening.created)
    pausedSince = try journal.pausedSince()
    counts = try journal.counts(total: opening.items)
    owner = directory.owner
    live = owner == nil ? nil : LiveStatus(contentsOf: directory.status)
    let document = RunDocument.read(at: directory.document)
    verdict = document?["verdict"] as? String
    rejectedRows = document.map(RunDocument.rejectedRows) ?? 0
    dead = try journal.deadItems()
  }
}
