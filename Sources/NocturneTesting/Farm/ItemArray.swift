package import NocturneFarm
package import NocturneManifest

/// Items in an array as an `ItemSource`.
package final class ItemArray: ItemSource {
  package let items: [Item]

  package init(_ items: [Item]) { self.items = items }

  package var count: Int { items.count }
  package func item(at position: Int) -> Item { items[position] }
  package var entries: [ItemEntry] { items.map(ItemEntry.init) }
}
