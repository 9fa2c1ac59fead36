import Synchronization

/// Grows with everything that the renderer gets done; read by the heart.
package final class ProgressCounter: Sendable {
  private let count = Atomic<UInt64>(0)

  package init() {}

  func add(_ amount: UInt64) { count.wrappingAdd(amount, ordering: .relaxed) }
  var value: UInt64 { count.load(ordering: .relaxed) }
}
