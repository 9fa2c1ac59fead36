/// What a coordinator says to a worker.
package enum CoordinatorMessage: Hashable, Sendable {
  /// The handshake succeeded; beat at this interval and give a silent coordinator up after `timeout`.
  case welcome(run: String, heartbeatSeconds: Double, timeoutSeconds: Double)
  /// The handshake failed for good (other protocol, other model): one clear line. The worker exits with 69.
  case refused(reason: String)
  /// An unknown sender spoke (the coordinator was restarted): say hello and what you hold.
  case register
  case grant(Shard)
  /// Send bytes `offset ..< offset + length` of this artifact.
  case fetch(Lease, offset: Int, length: Int)
  /// The results are durable (or absorbed, or not wanted any more): delete the outbox copies.
  case acknowledge([Lease])
  /// Stop or drop these leases; a finished result would be refused as stale.
  case revoke([Lease])
  /// The coordinator is alive.
  case heartbeat
  /// Finish what is executing, hand back the rest, say goodbye.
  case drain
  /// Nothing is left to do: say goodbye and exit with 0.
  case finished
}
