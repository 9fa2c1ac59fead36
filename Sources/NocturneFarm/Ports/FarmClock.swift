/// Where a shell reads the time: the monotonic clock of the system, or one that a test turns by hand.
package protocol FarmClock: Sendable {
  var now: FarmInstant { get }
}
