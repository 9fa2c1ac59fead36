import Foundation
package import NocturneFarm

/// Coordinator and workers in one process: the link's peer without sockets. Messages arrive in order, exactly once,
/// unless a side is gone.
///
/// A coordinator takes the hub itself as its link, workers take `connect(_:)`. The lock makes it safe between threads;
/// each side still is used by one.
package final class InProcessHub: CoordinatorLink, @unchecked Sendable {
  private let condition = NSCondition()
  private var inbox: [(WorkerID, WorkerMessage)] = []
  fileprivate var outboxes: [WorkerID: [CoordinatorMessage]] = [:]
  private let capacity: Int

  /// At most `capacity` messages wait for a worker; more are not taken.
  package init(capacity: Int = 1000) { self.capacity = capacity }

  package func connect(_ worker: WorkerID) -> InProcessWorkerLink {
    condition.withLock { outboxes[worker] = [] }
    return InProcessWorkerLink(hub: self, worker: worker)
  }

  /// From now on the worker is unknown, as after its process died; what it sent is still received.
  package func disconnect(_ worker: WorkerID) {
    condition.withLock { outboxes[worker] = nil }
  }

  package func receive(timeoutSeconds: Double) -> (from: WorkerID, message: WorkerMessage)? {
    condition.withLock {
      let deadline = Date(timeIntervalSinceNow: timeoutSeconds)
      while inbox.isEmpty { if !condition.wait(until: deadline) { break } }
      return inbox.isEmpty ? nil : inbox.removeFirst()
    }
  }

  package func send(_ message: CoordinatorMessage, to worker: WorkerID) -> Bool {
    condition.withLock {
      guard let waiting = outboxes[worker], waiting.count < capacity else { return false }
      outboxes[worker]?.append(message)
      condition.broadcast()
      return true
    }
  }

  fileprivate func send(_ message: WorkerMessage, from worker: WorkerID) -> Bool {
    condition.withLock {
      guard outboxes[worker] != nil else { return false }
      inbox.append((worker, message))
      condition.broadcast()
      return true
    }
  }

  fileprivate func receive(_ worker: WorkerID, timeoutSeconds: Double) -> CoordinatorMessage? {
    condition.withLock {
      let deadline = Date(timeIntervalSinceNow: timeoutSeconds)
      while outboxes[worker]?.isEmpty != false { if !condition.wait(until: deadline) { break } }
      return outboxes[worker]?.isEmpty == false ? outboxes[worker]?.removeFirst() : nil
    }
  }
}

/// A worker's end of the hub.
package final class InProcessWorkerLink: WorkerLink, Sendable {
  private let hub: InProcessHub
  package let worker: WorkerID

  fileprivate init(hub: InProcessHub, worker: WorkerID) {
    self.hub = hub
    self.worker = worker
  }

  package func receive(timeoutSeconds: Double) -> CoordinatorMessage? {
    hub.receive(worker, timeoutSeconds: timeoutSeconds)
  }

  package func send(_ message: WorkerMessage) -> Bool { hub.send(message, from: worker) }
}
