import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

/// A run that nobody works on, for as long as an operator's order takes: the same decisions as at work, carried out on
/// the journal and the files. Holds the run directory's lock.
struct StoppedRun {
  private let directory: RunDirectory
  private let journal: SQLiteJournal
  private let lock: FileLock
  private var state: CoordinatorState
  private var random = SeededGenerator(seed: 0)

  /// Reads what the run is. O(items).
  /// - Throws: `RunError`: `locked` when a coordinator has come, `noRun`, `damaged`; `JournalFault`.
  init(_ directory: RunDirectory) throws {
    self.directory = directory
    lock = try directory.takeLock()
    journal = try SQLiteJournal(directory.journal)
    guard let opening = try journal.opening() else {
      throw RunError(.noRun, directory.path, "the run was never opened; start it again")
    }
    state = CoordinatorState(run: RunIdentity(name: opening.name, modelFingerprint: nil), policy: FarmPolicy())
    // Nothing is handed out from here, so any batch key will do.
    let batch = BatchKey(RenderSpec())
    take(.itemsLoaded(try ItemRoll.read(directory.items).map { ItemEntry(key: $0, batch: batch) }))
    try journal.replay { take(.transitionsReplayed($0)) }
    if try journal.isPaused() { take(.pauseReplayed) }
  }

  /// Opening a run leads to no instruction.
  private mutating func take(_ event: CoordinatorEvent) {
    let instructions = state.handle(event, now: .zero, using: &random)
    precondition(instructions.isEmpty, "StoppedRun: \(event) led to \(instructions)")
  }

  /// - Throws: `JournalFault`, `FileFault`; what was journaled by then holds, and a rerun mends the rest.
  mutating func obey(_ order: Order) throws -> OrderAnswer {
    let instructions = state.handle(.orderReceived(order, from: OrderTicket(0)), now: .zero, using: &random)
    var records: [Transition] = []
    var reports: [UInt8] = []
    var retracted: Set<ItemKey> = []
    var reply: OrderAnswer?
    for instruction in instructions {
      switch instruction {
      case .record(let transitions): records += transitions
      case .recordPause(let isPaused): try journal.commit(paused: isPaused)
      case .report(let item): reports += ErrorLine.bytes(item)
      case .retract(let key): retracted.insert(key)
      case .answer(let answer, _): reply = answer
      case .notify: break
      default: preconditionFailure("StoppedRun: \(order) led to \(instruction)")
      }
    }
    try journal.commit(records)
    if !reports.isEmpty || !retracted.isEmpty {
      let errors = try LineFile(directory.errors)
      if !retracted.isEmpty { try errors.remove { RecordLine($0).map { retracted.contains($0.key) } ?? false } }
      try errors.append(reports)
      try RunDocument.revise(directory.document, counts: state.counts)
    }
    guard let reply else { preconditionFailure("StoppedRun: no answer to \(order)") }
    return reply
  }
}
