import NocturneManifest

/// Every threshold of the farm's decisions. All of it is configuration (job file, `run.json`), nothing is a constant.
package struct FarmPolicy: Hashable, Codable, Sendable {
  package var retry = RetryPolicy()
  package var sharding = ShardingPolicy()
  package var liveness = LivenessPolicy()
  package var failures = FailureCosts()
  package var quarantine = QuarantinePolicy()
  package var earlyStop = EarlyStopPolicy()
  package var hedging = HedgingPolicy()
  /// Pause of a worker (or, when the coordinator's disk is full, of the run) after a shortage; costs no try.
  package var shortage = BackoffPolicy(seconds: 10, limitSeconds: 600, jitter: 0.1)
  /// Shards a worker may hold at once: one renders, the rest is prefetched. At least 1.
  package var credit = 2
  /// A worker that delivers more results than this gets nothing new until some of them are stored: rendering must not
  /// run away from a slow disk. At least 1.
  package var uncollectedLimit = 256

  package init() {}
}

/// Exponential backoff: `seconds * 2^(n-1)` after the n-th time in a row, at most `limitSeconds`, spread by
/// `1 +- jitter` from the seeded generator.
package struct BackoffPolicy: Hashable, Codable, Sendable {
  package var seconds: Double
  package var limitSeconds: Double
  /// 0...1.
  package var jitter: Double

  package init(seconds: Double, limitSeconds: Double, jitter: Double) {
    self.seconds = seconds
    self.limitSeconds = limitSeconds
    self.jitter = jitter
  }
}

/// What a try is worth.
package struct RetryPolicy: Hashable, Codable, Sendable {
  /// Paid tries after which an item is dead. At least 1.
  package var limit = 3
  package var backoffSeconds = 5.0
  package var backoffLimitSeconds = 300.0
  /// 0...1.
  package var jitter = 0.25

  package init() {}
  package init(limit: Int, backoffSeconds: Double, backoffLimitSeconds: Double, jitter: Double) {
    self.limit = limit
    self.backoffSeconds = backoffSeconds
    self.backoffLimitSeconds = backoffLimitSeconds
    self.jitter = jitter
  }

  package var backoff: BackoffPolicy {
    BackoffPolicy(seconds: backoffSeconds, limitSeconds: backoffLimitSeconds, jitter: jitter)
  }
}

/// How large a shard is: what the worker renders in `targetSeconds` at its measured speed, at most
/// `remaining / (2 x workers)` towards the end, within `minItems ... maxItems` (the end may go below `minItems`).
package struct ShardingPolicy: Hashable, Codable, Sendable {
  package var targetSeconds = 60.0
  package var maxItems = 16
  /// Also the size of the first shard of a kind, when nothing has been measured yet.
  package var minItems = 1

  package init() {}
  package init(targetSeconds: Double, maxItems: Int, minItems: Int) {
    self.targetSeconds = targetSeconds
    self.maxItems = maxItems
    self.minItems = minItems
  }

  /// Items of a shard at so many seconds each; the fewest where nothing was measured.
  package func size(secondsEach seconds: Double?) -> Int {
    let onTarget = seconds.map { targetSeconds / max($0, 1e-9) } ?? Double(minItems)
    return Int(min(Double(maxItems), max(Double(minItems), onTarget)))
  }
}

/// When somebody counts as gone.
package struct LivenessPolicy: Hashable, Codable, Sendable {
  package var heartbeatSeconds = Job.Liveness.heartbeatSeconds
  /// A worker (or coordinator) silent for this many heartbeats is gone.
  package var timeoutHeartbeats = Job.Liveness.timeoutHeartbeats
  /// A worker that executes is stalled when its progress counter stands still for this multiple of the interval
  /// between changes that was observed on it (moving average) ...
  package var stallMultiple = 30.0
  /// ... but never sooner than this.
  package var stallFloorSeconds = 120.0
  /// How long a lease of unknown whereabouts counts as "maybe running": after a restart of the coordinator, after a
  /// hello that does not name it, under a worker that says it executes nothing.
  package var graceSeconds = 30.0
  /// How long a coordinator whose run is complete waits for workers that lost it and do not know yet; it waits only when
  /// its journal names some that have not been back. 0 waits for nobody.
  package var partingSeconds = 5.0
  /// A run in which nothing ended for this long is stuck, and somebody is told.
  package var stuckSeconds = 900.0

  package init() {}

  /// Silence after which the other side is gone.
  package var timeoutSeconds: Double { heartbeatSeconds * timeoutHeartbeats }
}
