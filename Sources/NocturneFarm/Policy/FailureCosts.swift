package import NocturneManifest

/// What each failure class costs (farm.md, "Failure classes and what each costs"): the table, as data.
package struct FailureCosts: Hashable, Codable, Sendable {
  package var badItem = FailureCost.dead
  package var itemFault = FailureCost.try
  package var workerFault = FailureCost.try
  package var shortage = FailureCost.free
  package var infrastructure = FailureCost.free
  package var preempted = FailureCost.free

  package init() {}

  package subscript(failureClass: FailureClass) -> FailureCost {
    get { self[keyPath: Self.field(failureClass)] }
    set { self[keyPath: Self.field(failureClass)] = newValue }
  }

  /// What may be asked for. A fault that cost nothing would be tried for ever, and a lost connection or a preemption is
  /// never the item's doing.
  package static func choices(for failureClass: FailureClass) -> [FailureCost] {
    switch failureClass {
    case .badItem, .itemFault, .workerFault: [.dead, .try]
    case .shortage: [.free, .try]
    case .infrastructure, .preempted, .cancelled: [.free]
    }
  }

  private static func field(_ failureClass: FailureClass) -> WritableKeyPath<FailureCosts, FailureCost> {
    switch failureClass {
    case .badItem: \.badItem
    case .itemFault: \.itemFault
    case .workerFault: \.workerFault
    case .shortage: \.shortage
    case .infrastructure: \.infrastructure
    // Not a worker's to say: it hands the item back.
    case .preempted, .cancelled: \.preempted
    }
  }
}
