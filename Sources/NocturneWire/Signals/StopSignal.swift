import Synchronization

/// How other threads and signal handlers ask a run loop to stop: once to drain, twice to stop now.
package final class StopSignal: Sendable {
  package let waker: Waker
  private let requests = Atomic<Int>(0)

  /// - Parameter waker: the one that the loop's link waits on.
  package init(waker: Waker) { self.waker = waker }

  /// Async-signal-safe.
  package func request() {
    requests.add(1, ordering: .relaxed)
    waker.wake()
  }

  /// Requests so far.
  package var count: Int { requests.load(ordering: .relaxed) }
}
