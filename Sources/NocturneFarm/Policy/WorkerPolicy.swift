/// The worker's own thresholds; heartbeat and timeout come with the coordinator's welcome.
package struct WorkerPolicy: Hashable, Sendable {
  /// Shards it holds at once: one renders, the rest waits. At least 1.
  package var credit = 2
  /// Pause between two hellos to a coordinator that does not answer; doubles up to `reconnectLimitSeconds`.
  package var reconnectSeconds = 0.5
  package var reconnectLimitSeconds = 10.0
  /// A worker that was never welcomed gives up (exit 69) after this; nil tries for ever.
  package var connectSeconds: Double? = 60
  /// A worker that lost its coordinator keeps its results and waits this long for it to return; nil waits for ever.
  package var orphanSeconds: Double? = nil
  /// A receipt that was not acknowledged is delivered again after so many heartbeats: several times within any grace
  /// (`Job.Liveness.graceHeartbeats`), since silence means to the coordinator that the result is lost.
  package var resendHeartbeats = 2.0
  /// How long a finished or drained worker waits for the last acknowledgements before it exits with its outbox kept.
  package var lingerSeconds = 10.0

  /// When the machine is taken away, as far as that is known: nothing is started that will not have ended by then.
  package var endsAt: FarmInstant? = nil
  /// Kept free before that, to hand back and say goodbye.
  package var endMarginSeconds = 5.0

  /// Set when other coordinators wait for the worker as well.
  package var visit: Visit?

  /// How long a worker stays with one of several coordinators.
  package struct Visit: Hashable, Sendable {
    /// Leaves when nothing was granted for so long.
    package var idleSeconds: Double
    /// Leaves after so many shards; nil stays while there is work.
    package var shards: Int?

    package init(idleSeconds: Double, shards: Int?) {
      self.idleSeconds = idleSeconds
      self.shards = shards
    }
  }

  package init() {}

  /// When to be gone.
  var leavesAt: FarmInstant? { endsAt.map { $0 + -endMarginSeconds } }
}
