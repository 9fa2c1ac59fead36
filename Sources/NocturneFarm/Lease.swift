package import NocturneManifest

/// The right to render one item once, fenced so that only its holder's result counts (farm.md, "Items, attempts, leases").
package struct Lease: Hashable, Codable, Sendable {
  package let item: ItemKey
  /// Counted from 1 over the item's whole life, coordinator restarts included; only grows.
  package let attempt: Int
  /// Random per grant, so that a reused attempt number of a lost journal tail can still be told apart.
  package let token: UInt64

  package init(item: ItemKey, attempt: Int, token: UInt64) {
    self.item = item
    self.attempt = attempt
    self.token = token
  }
}

/// An item together with the lease under which it is to be rendered.
package struct LeasedItem: Hashable, Codable, Sendable {
  package let lease: Lease
  package let item: Item

  package init(lease: Lease, item: Item) {
    self.lease = lease
    self.item = item
  }
}

/// Items that ride well together (same length, steps and guidance), granted to one worker in one message.
package struct Shard: Hashable, Codable, Sendable {
  package let id: UInt64
  package let items: [LeasedItem]

  package init(id: UInt64, items: [LeasedItem]) {
    self.id = id
    self.items = items
  }
}

/// A worker process; a fresh identity for each process, so a restarted worker is never taken for its predecessor.
package struct WorkerID: Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
  /// `<host>-<pid>-<random>`, printable ASCII, at most 64 bytes; also the ZeroMQ routing id.
  package let name: String

  package init(_ name: String) { self.name = name }

  package static func < (left: WorkerID, right: WorkerID) -> Bool { left.name < right.name }
  package var description: String { name }
}
