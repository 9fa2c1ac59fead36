/// Why something failed, and so what it costs (farm.md, "Failure classes"). Workers report facts with a proposed class;
/// only the coordinator decides.
package enum FailureClass: String, Hashable, Codable, Sendable, CaseIterable {
  /// The row itself is wrong; dead at once, never sent.
  case badItem = "bad-item"
  /// The renderer threw on this item, or its artifact failed verification; costs a try.
  case itemFault = "item-fault"
  /// The worker process died or stalled; the executing item pays a try.
  case workerFault = "worker-fault"
  /// Out of memory or disk; costs nothing.
  case shortage
  /// Connection lost, coordinator gone; costs nothing.
  case infrastructure
  /// Drained or preempted; costs nothing.
  case preempted
  /// An operator gave the item up; costs nothing, and only `retry` opens it again.
  case cancelled
}
