/// The books of the outbox: what was rendered and not yet acknowledged, oldest first. The files are the shell's.
struct Outbox: Sendable {
  struct Entry: Sendable {
    let run: String
    let receipt: Receipt
    /// Nil before it was delivered over the present connection.
    var deliveredAt: FarmInstant?
  }

  private var entries: [Lease: Entry] = [:]
  /// In order of arrival; those acknowledged meanwhile are skipped, and swept out now and then.
  private var order: [Lease] = []

  var count: Int { entries.count }
  subscript(lease: Lease) -> Entry? { entries[lease] }

  mutating func insert(_ entry: OutboxEntry) {
    let isNew = entries.updateValue(Entry(run: entry.run, receipt: entry.receipt), forKey: entry.receipt.lease) == nil
    if isNew { order.append(entry.receipt.lease) }
  }

  /// False when it was not there.
  mutating func remove(_ lease: Lease) -> Bool {
    guard entries.removeValue(forKey: lease) != nil else { return false }
    if order.count > 2 * entries.count + 16 { order.removeAll { entries[$0] == nil } }
    return true
  }

  mutating func markDelivered(_ lease: Lease, _ now: FarmInstant) { entries[lease]?.deliveredAt = now }

  /// The connection is a new one: nothing was delivered over it.
  mutating func forgetDeliveries() {
    for lease in order { entries[lease]?.deliveredAt = nil }
  }

  /// Results of this run, oldest first.
  func entries(of run: String?) -> [Entry] {
    order.compactMap { entries[$0] }.filter { $0.run == run }
  }
}
