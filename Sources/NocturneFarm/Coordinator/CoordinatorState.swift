/// The coordinator's brain: a pure value. Only `handle` changes it; it reads no clock, no disk, no socket.
package struct CoordinatorState: Sendable {
  package let run: RunIdentity
  package let policy: FarmPolicy

  package init(run: RunIdentity, policy: FarmPolicy) {
    self.run = run
    self.policy = policy
  }

  /// Takes one event in and says what to do about it. `now` never runs backwards.
  package mutating func handle(
    _ event: CoordinatorEvent, now: FarmInstant, using random: inout some RandomNumberGenerator
  ) -> [CoordinatorInstruction] {
    fatalError("to come")
  }

  /// How many items are where.
  package var counts: ItemCounts { ItemCounts() }
  /// Registered workers by name.
  package var workers: [WorkerSummary] { [] }
}

/// What makes a run this run.
package struct RunIdentity: Hashable, Sendable {
  /// Name of the run, the same over restarts; outboxes are sorted by it.
  package var name: String
  /// Workers with another model are refused. Nil takes that of the first worker, or of the journal.
  package var modelFingerprint: String?

  package init(name: String, modelFingerprint: String?) {
    self.name = name
    self.modelFingerprint = modelFingerprint
  }
}
