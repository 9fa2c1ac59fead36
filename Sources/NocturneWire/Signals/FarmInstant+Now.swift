import Glibc
package import NocturneFarm

extension FarmInstant {
  /// The monotonic clock, read by the shells only.
  package static var now: FarmInstant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return FarmInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
