import NocturneFarm

/// A machine with an outbox on its disk and a worker process that comes and goes.
struct SimulatedHost {
  let number: Int
  var process: Process?
  var outbox: [Lease: OutboxEntry] = [:]
  /// Acknowledged, but in a segment that is still in use: the next process finds them again.
  var acknowledged: [OutboxEntry] = []
  var isCutOff = false
  var processes = 0

  struct Process {
    let id: WorkerID
    var state: WorkerState
    var progress: UInt64 = 0
    /// The shard on the render thread, and whether it makes progress.
    var rendering: UInt64?
    var isHanging = false
  }
}
