/// What is true after every event.
extension WorkerState {
  /// The broken invariants, one line each.
  package var violations: [String] {
    var violations: [String] = []
    var seen: Set<Lease> = []
    for lease in holding where !seen.insert(lease).inserted { violations.append("\(lease) is held twice") }
    for lease in holding where outbox[lease] != nil { violations.append("\(lease) is held and rendered") }
    if rendering == nil, !queue.isEmpty, run != nil, leaving == nil {
      violations.append("idle with \(queue.count) shards")
    }
    if let rendering, !rendering.revoked.isSubset(of: rendering.shard.items.map(\.lease)) {
      violations.append("revoked what it does not render")
    }
    return violations
  }
}
