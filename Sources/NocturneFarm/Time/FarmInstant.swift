/// A point on the monotonic clock. The shells read the clock; the states only compare and add.
///
/// Instants mean nothing in another process or after a reboot, so none is ever journaled: the journal stamps what it
/// commits with the wall clock itself, and no decision depends on the wall clock (it may jump).
package struct FarmInstant: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  package static let zero = FarmInstant(nanoseconds: 0)

  package static func < (left: FarmInstant, right: FarmInstant) -> Bool { left.nanoseconds < right.nanoseconds }

  /// Saturates, so that a configured "never" (infinity, or 1e300 seconds) stays in the far future.
  package static func + (left: FarmInstant, seconds: Double) -> FarmInstant {
    let sum = Double(left.nanoseconds) + seconds * 1e9
    if sum >= 9.2e18 { return FarmInstant(nanoseconds: .max) }
    let (exact, overflow) = left.nanoseconds.addingReportingOverflow(Int64((seconds * 1e9).rounded()))
    return FarmInstant(nanoseconds: overflow ? .max : exact)
  }

  /// Seconds from `earlier` to here; negative when it lies ahead.
  package func seconds(since earlier: FarmInstant) -> Double {
    Double(nanoseconds - earlier.nanoseconds) / 1e9
  }

  package var description: String { "\(Double(nanoseconds) / 1e9)s" }
}
