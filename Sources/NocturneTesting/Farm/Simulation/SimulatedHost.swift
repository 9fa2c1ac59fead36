import NocturneFarm

/// A machine with an outbox on its disk and a worker process that comes and goes.
struct SimulatedHost {
  let number: Int
  var process: Process?
  var outbox: [Lease: OutboxEntry] = [:]
  /// Acknowledged, but in a segment that is still in use: the next process finds them again.
  var acknowledged: [OutboxEntry] = []
  /// How it is cut off from the coordinator at present.
  var cut: SimulationPlan.Cut?
  var processes = 0
  /// Of the process before.
  var lastName: WorkerID?

  struct Process {
    let id: WorkerID
    /// Counts the processes of this host: what was booked for an earlier one is void, even under the same name.
    let number: Int
    /// When the state wants to be woken, by its own clock.
    var wish: FarmInstant?
    /// The alarm that was set for it last.
    var alarm = 0
    var state: WorkerState
    var progress: UInt64 = 0
    /// The shard on the render thread, and whether it makes progress.
    var rendering: UInt64?
    var isHanging = false
  }
}
