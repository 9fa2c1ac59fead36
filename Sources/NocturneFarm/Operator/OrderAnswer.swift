/// What became of an order. Nothing of a refused order happened.
package enum OrderAnswer: Hashable, Sendable {
  /// `atWork` items are with workers and will finish.
  case paused(atWork: Int, wasPaused: Bool)
  case resumed(waiting: Int, wasPaused: Bool)
  case draining(atWork: Int)
  /// There is nothing to drain: no coordinator is at work.
  case standing
  case cancelled(items: Int)
  case retried(items: Int)
  /// One line: why not.
  case refused(String)
}
