package import NocturneFarm
import Synchronization

/// A clock that stands still until it is told how much time has passed.
package final class ManualClock: Sendable {
  private let instant: Mutex<FarmInstant>

  package init(_ start: FarmInstant = .zero) { instant = Mutex(start) }

  package var now: FarmInstant { instant.withLock { $0 } }

  package func advance(seconds: Double) {
    precondition(seconds >= 0, "ManualClock.advance: \(seconds) s")
    instant.withLock { $0 = $0 + seconds }
  }
}
