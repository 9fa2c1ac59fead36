package import Foundation
package import NocturneManifest

/// What the coordinator's shell has to do, in this order.
///
/// The rule of durability: **no instruction is carried out before every `record` that precedes it is committed.** A shell
/// may handle several events, commit all their records at once, and then carry out the rest in order (group commit). When a
/// commit fails for want of disk, the shell keeps the instructions, handles no further event, and tries again.
package enum CoordinatorInstruction: Hashable, Sendable {
  /// Commit to the journal.
  case record([Transition])
  /// Commit to the journal, as a record, that an operator has paused the run, or that it may go on.
  case recordPause(Bool)
  /// Commit to the journal for how many seconds this life has been listening for holders that it has not heard of.
  case recordListening(seconds: Double)
  /// Look the items up and send them as `CoordinatorMessage.grant`; if that cannot leave, say `grantUndelivered`;
  /// if only some of it can, `grantCut`.
  case grant(ShardGrant, to: WorkerID)
  /// Send; whether it leaves does not matter, the protocol repeats what counts.
  case send(CoordinatorMessage, to: WorkerID)
  /// Fetch the artifact (or take `inline`, the whole file), write it as a partial, fsync, verify, rename, fsync the
  /// directory, and answer `artifactStored`, `artifactRejected` or `storageFell`. Asked again for a lease that is being
  /// collected: go on, fetching what is missing (the worker repeats a receipt until it is acknowledged).
  case collect(Receipt, inline: Data?, from: WorkerID)
  /// Give up collecting and remove the partial; a later event about it does no harm.
  case abandon(Lease)
  /// Append the metadata line of a done item. Lines may be lost in a crash: at start the shell writes those that the
  /// journal has and `metadata.jsonl` lacks.
  case publish(Receipt)
  /// Append the line of a dead item to `errors.jsonl`; the same holds.
  case report(DeadItem)
  /// Remove the metadata or error line of an item that is open again, and its file.
  case retract(ItemKey)
  /// Tell the operator what became of the order.
  case answer(OrderAnswer, to: OrderTicket)
  /// Tell people (progress display, log, `--json`).
  case notify(FarmNotice)
  /// Say `timePassed` at this instant. Replaces the earlier wish.
  case wake(at: FarmInstant)
  /// The run is over: flush the link, write `run.json`, exit.
  case finish(Verdict)
}

/// A shard as the state grants it: leases and where their items are found.
package struct ShardGrant: Hashable, Sendable {
  package let id: UInt64
  /// In manifest order.
  package let leases: [Lease]
  /// Position in the `ItemSource` of each lease's item.
  package let positions: [Int]

  package init(id: UInt64, leases: [Lease], positions: [Int]) {
    self.id = id
    self.leases = leases
    self.positions = positions
  }
}

/// What `errors.jsonl` says of an item.
package struct DeadItem: Hashable, Sendable {
  package var item: ItemKey
  package var failureClass: FailureClass
  package var message: String
  package var attempts: Int
  /// Who tried it, in order, each once.
  package var workers: [WorkerID]

  package init(item: ItemKey, failureClass: FailureClass, message: String, attempts: Int, workers: [WorkerID]) {
    self.item = item
    self.failureClass = failureClass
    self.message = message
    self.attempts = attempts
    self.workers = workers
  }
}

/// How the run ended, and with what.
package struct Verdict: Hashable, Sendable {
  package enum Outcome: String, Hashable, Sendable, CaseIterable {
    /// Every item is done, dead or cancelled.
    case complete
    /// Stopped on request; the same command resumes.
    case stopped
    /// Stopped because every worker failed the first items alike; the same command begins again once that is mended.
    case stoppedEarly = "stopped early"
  }
  package var outcome: Outcome
  package var counts: ItemCounts
  /// One line, where the outcome alone does not say it.
  package var reason: String?

  package init(outcome: Outcome, counts: ItemCounts, reason: String? = nil) {
    self.outcome = outcome
    self.counts = counts
    self.reason = reason
  }
}

/// How many items are where; the five add up to all of them.
package struct ItemCounts: Hashable, Codable, Sendable {
  package var waiting = 0
  package var leased = 0
  package var done = 0
  package var dead = 0
  package var cancelled = 0

  package init(waiting: Int = 0, leased: Int = 0, done: Int = 0, dead: Int = 0, cancelled: Int = 0) {
    self.waiting = waiting
    self.leased = leased
    self.done = done
    self.dead = dead
    self.cancelled = cancelled
  }

  package var total: Int { undecided + done + dead + cancelled }
  /// Not ended yet.
  package var undecided: Int { waiting + leased }
}
