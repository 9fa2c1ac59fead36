/// What happened, as the worker's shell tells it to the state. `outboxLoaded`, then `started`, then the rest.
package enum WorkerEvent: Hashable, Sendable {
  /// What an earlier process left in the outbox directory. Only entries of the run that welcomes us are delivered; the
  /// others stay where they are.
  case outboxLoaded([OutboxEntry])
  /// The link exists (and again after each `reconnect`).
  case started
  /// Somebody listens at the coordinator's endpoint, and no connection comes about.
  case handshakeFailed(HandshakeFailure)
  case messageReceived(CoordinatorMessage)
  /// Rendered, verified, and durable in the outbox.
  case itemFinished(Receipt)
  case itemFailed(Lease, RenderFault)
  /// The render call of this shard returned, all its items reported or given up; the render thread is free.
  case shardEnded(UInt64)
  /// The instant of the last `wake` is reached; may come at any time.
  case timePassed
  /// First time: finish what executes, hand back the rest, leave. Second time: leave now.
  case stopRequested
  /// The process ran out of what rendering cannot do without, and cannot go on; one line. The render thread is lost.
  case exhausted(String)
}

/// A result that waits for its acknowledgement.
package struct OutboxEntry: Hashable, Codable, Sendable {
  /// The run it belongs to, from `CoordinatorMessage.welcome`.
  package let run: String
  package let receipt: Receipt

  package init(run: String, receipt: Receipt) {
    self.run = run
    self.receipt = receipt
  }
}
