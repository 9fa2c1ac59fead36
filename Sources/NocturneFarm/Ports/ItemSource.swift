package import NocturneManifest

/// Where the coordinator's shell finds the whole item when it sends a grant. The state knows items by their position in
/// the manifest only, so that a million of them fit in memory; captions may stay on disk.
package protocol ItemSource: AnyObject {
  var count: Int { get }
  /// The item at `position`, counted from 0 in manifest order; the same for the whole run.
  func item(at position: Int) throws -> Item
}

/// What the state has to know of an item.
package struct ItemEntry: Hashable, Sendable {
  package let key: ItemKey
  package let batch: BatchKey

  package init(key: ItemKey, batch: BatchKey) {
    self.key = key
    self.batch = batch
  }

  package init(_ item: Item) {
    self.init(key: item.key, batch: BatchKey(item.spec))
  }
}

/// Items with equal batch keys may share a shard: they have the same shapes and the same steps.
package struct BatchKey: Hashable, Sendable {
  package let seconds: Double
  package let steps: Int
  package let guidance: Double
  package let schedule: AngleScheduleKind

  package init(_ spec: RenderSpec) {
    seconds = spec.seconds
    steps = spec.steps
    guidance = spec.guidance
    schedule = spec.schedule
  }
}
