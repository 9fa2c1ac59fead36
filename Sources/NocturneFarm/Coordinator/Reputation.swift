/// What is known of a worker process's work; follows from the journal, so a restarted coordinator knows it again.
struct Reputation: Sendable {
  /// Results accepted, since its last return from quarantine.
  var finished = 0
  /// Items that it failed and others rendered, since then.
  var strikes = 0
  /// Position of its last accepted result: what others may be probed with.
  var sample: Int?
}

/// A worker in quarantine.
struct Confinement: Sendable {
  /// When the next probe is due, while there is none under way.
  var nextProbe: FarmInstant
  /// Probes failed in a row, and relapses before.
  var setbacks: Int
  var probe: Probe?

  /// A done item that the worker renders again, to show that it can.
  struct Probe: Sendable {
    let lease: Lease
    let shard: UInt64
    /// When the worker was last seen at it (or granted it).
    var seenAt: FarmInstant
  }
}
