/// When a worker that fails items which others can render gets nothing more, and how it comes back.
package struct QuarantinePolicy: Hashable, Codable, Sendable {
  /// So many of its failed items were rendered by others, or so many failed at it in a row while others got theirs done.
  /// 0 turns quarantine off.
  package var failures = 5
  /// The former counts only when it is at least this share of all that the worker decided. 0...1.
  package var share = 0.25
  /// The first probe follows at once; after each one that fails, and after each relapse, the next comes later: `probe`
  /// seconds, doubling up to the limit.
  package var probeSeconds = 60.0
  package var probeLimitSeconds = 1800.0

  package init() {}

  package var probe: BackoffPolicy {
    BackoffPolicy(seconds: probeSeconds, limitSeconds: probeLimitSeconds, jitter: 0)
  }
}
