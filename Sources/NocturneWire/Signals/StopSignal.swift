import Synchronization

/// How other threads and signal handlers ask a run loop to stop: once to drain, twice to stop now. Another thread may also
/// say that nothing more can be rendered in this process.
package final class StopSignal: Sendable {
  package let waker: Waker
  private let requests = Atomic<Int>(0)
  private let reason = Mutex<String?>(nil)

  /// - Parameter waker: the one that the loop's link waits on.
  package init(waker: Waker) { self.waker = waker }

  /// Async-signal-safe.
  package func request() {
    requests.add(1, ordering: .relaxed)
    waker.wake()
  }

  /// Not for signal handlers.
  package func exhaust(_ reason: String) {
    self.reason.withLock { $0 = $0 ?? reason }
    waker.wake()
  }

  /// Why nothing more can be rendered; the first reason that was given.
  package var exhaustion: String? { reason.withLock { $0 } }

  /// Requests so far.
  package var count: Int { requests.load(ordering: .relaxed) }
}
