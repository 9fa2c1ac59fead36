import CZeroMQ
import Glibc

/// Ends the wait of a run loop from any other thread, or from a signal handler. Signals add up to one waking.
package final class Waker: Sendable {
  let descriptor: Int32

  package init() {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    precondition(descriptor >= 0, "Waker: eventfd failed: \(String(cString: strerror(errno)))")
  }

  deinit { close(descriptor) }

  /// Async-signal-safe.
  package func wake() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  /// Forgets past signals; true when there were any.
  @discardableResult
  package func drain() -> Bool {
    var count: UInt64 = 0
    return read(descriptor, &count, 8) == 8
  }

  /// Waits without a link: for threads that only keep time.
  /// - Returns: true when woken, false after `seconds`.
  package func wait(seconds: Double) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, pollMilliseconds(seconds)) > 0 else { return false }
    return drain()
  }
}

/// Seconds as a poll timeout, rounded up so that a loop does not spin through the last millisecond; -1 for "no end".
func pollMilliseconds(_ seconds: Double) -> Int32 {
  if seconds <= 0 { return 0 }
  if seconds >= 2_000_000 { return -1 }
  return Int32((seconds * 1000).rounded(.up))
}
