import NocturneFarm
import NocturneManifest

extension FarmPolicy {
  /// The defaults with what the job file states.
  init(job: Job?) {
    self.init()
    guard let job else { return }
    func take<Value>(_ stated: Value?, into field: inout Value) { field = stated ?? field }
    take(job.retry.limit, into: &retry.limit)
    take(job.retry.backoffSeconds, into: &retry.backoffSeconds)
    take(job.retry.backoffLimitSeconds, into: &retry.backoffLimitSeconds)
    retry.backoffLimitSeconds = max(retry.backoffLimitSeconds, retry.backoffSeconds)
    take(job.sharding.targetSeconds, into: &sharding.targetSeconds)
    take(job.sharding.maxItems, into: &sharding.maxItems)
    take(job.shortage.backoffSeconds, into: &shortage.seconds)
    take(job.shortage.backoffLimitSeconds, into: &shortage.limitSeconds)
    shortage.limitSeconds = max(shortage.limitSeconds, shortage.seconds)
    for failureClass in FailureClass.allCases {
      take(job.failures[failureClass.rawValue], into: &failures[failureClass])
    }
    take(job.quarantine.failures, into: &quarantine.failures)
    take(job.quarantine.share, into: &quarantine.share)
    take(job.quarantine.probeSeconds, into: &quarantine.probeSeconds)
    take(job.quarantine.probeLimitSeconds, into: &quarantine.probeLimitSeconds)
    quarantine.probeLimitSeconds = max(quarantine.probeLimitSeconds, quarantine.probeSeconds)
    take(job.earlyStop.items, into: &earlyStop.items)
    take(job.earlyStop.shards, into: &earlyStop.shards)
    take(job.hedging.multiple, into: &hedging.multiple)
    take(job.hedging.floorSeconds, into: &hedging.floorSeconds)
    take(job.liveness.heartbeatSeconds, into: &liveness.heartbeatSeconds)
    take(job.liveness.timeoutHeartbeats, into: &liveness.timeoutHeartbeats)
    take(job.liveness.stallMultiple, into: &liveness.stallMultiple)
    take(job.liveness.stallFloorSeconds, into: &liveness.stallFloorSeconds)
    take(job.liveness.graceSeconds, into: &liveness.graceSeconds)
    liveness.graceSeconds = max(
      liveness.graceSeconds, Job.Liveness.graceHeartbeats * liveness.heartbeatSeconds)
    take(job.liveness.partingSeconds, into: &liveness.partingSeconds)
    take(job.liveness.stuckSeconds, into: &liveness.stuckSeconds)
  }
}
