/// The worker's brain: a pure value. Only `handle` changes it.
package struct WorkerState: Sendable {
  /// Identity and abilities; the state fills in `holding` and `credit` when it says hello.
  package let card: WorkerHello
  package let policy: WorkerPolicy

  package init(card: WorkerHello, policy: WorkerPolicy) {
    self.card = card
    self.policy = policy
  }

  /// Takes one event in and says what to do about it. `now` never runs backwards.
  package mutating func handle(_ event: WorkerEvent, now: FarmInstant) -> [WorkerInstruction] {
    fatalError("to come")
  }

  /// The run that welcomed us; names the outbox folder.
  package var run: String? { nil }
  /// Leases being rendered now, for the heart's snapshot.
  package var executing: [Lease] { [] }
}
