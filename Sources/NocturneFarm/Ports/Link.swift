/// A coordinator's view of its workers; ZeroMQ in NocturneWire, in-process in NocturneTesting. Used by one thread.
package protocol CoordinatorLink: AnyObject {
  /// The next message, or nil after `timeoutSeconds`. Malformed frames are dropped and counted, never thrown.
  func receive(timeoutSeconds: Double) throws -> (from: WorkerID, message: WorkerMessage)?
  /// False when the peer is unknown or its queue is full: the message was not sent, and the caller keeps its own books.
  func send(_ message: CoordinatorMessage, to worker: WorkerID) throws -> Bool
}

/// A worker's view of its coordinator.
package protocol WorkerLink: AnyObject {
  func receive(timeoutSeconds: Double) throws -> CoordinatorMessage?
  func send(_ message: WorkerMessage) throws -> Bool
}
