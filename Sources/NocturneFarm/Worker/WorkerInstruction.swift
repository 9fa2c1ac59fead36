/// What the worker's shell has to do, in this order.
package enum WorkerInstruction: Hashable, Sendable {
  case send(WorkerMessage)
  /// Send a heartbeat with the present progress counter. (A shell whose heart beats on its own thread may skip this and
  /// take `WorkerState.executing` from a snapshot.)
  case beat(executing: [Lease])
  /// Send `WorkerMessage.finished`, with the file inline when it is small.
  case deliver(Receipt)
  /// Send this piece of an outbox file as `WorkerMessage.chunk`.
  case serve(Lease, offset: Int, length: Int)
  /// Render on the render thread; report `itemFinished` / `itemFailed` for each item and `shardEnded` at the end. The
  /// results are kept under `run`.
  case render(Shard, run: String)
  /// Make the running render call return early (`progress` answers false); `shardEnded` follows.
  case cancelRender(shard: UInt64)
  /// Acknowledged or not wanted: forget them.
  case discard([Lease])
  /// Close the link, open a new one, say `started`.
  case reconnect
  /// Say `timePassed` at this instant. Replaces the earlier wish.
  case wake(at: FarmInstant)
  /// Tell people; one line.
  case notify(String)
  /// Leave with this status; whatever is in the outbox stays there. Nothing follows.
  case exit(WorkerExit)
}

/// Why a worker leaves.
package enum WorkerExit: Hashable, Sendable {
  /// The run is finished.
  case finished
  /// Drained, or stopped by a signal.
  case stopped
  /// Its visit is over: others may have work.
  case idle(hasWorked: Bool)
  /// Refused for good, one line.
  case refused(String)
  /// No coordinator answered.
  case unreachable(String)
  /// The process cannot go on; another one may. One line.
  case exhausted(String)

  /// interface.md, "Exit codes".
  package var status: Int32 {
    switch self {
    case .finished: 0
    case .stopped, .idle, .exhausted: 75
    case .refused, .unreachable: 69
    }
  }
}
