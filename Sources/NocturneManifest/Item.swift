/// One take of one manifest row: the unit of work that is leased, rendered, verified and counted.
package struct ItemKey: Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
  /// The row's id, safe as a file name (checked by the manifest validation).
  package let row: String
  /// The take, counted from 1.
  package let take: Int

  package init(row: String, take: Int) {
    self.row = row
    self.take = take
  }

  package static func < (left: ItemKey, right: ItemKey) -> Bool {
    (left.row, left.take) < (right.row, right.take)
  }

  package var description: String { take == 1 ? row : "\(row)-t\(take)" }
}

/// An item with everything a worker needs to render it.
package struct Item: Hashable, Codable, Sendable {
  package let key: ItemKey
  package let caption: String
  package let spec: RenderSpec
  /// Seed of all random numbers of this item, below 2^53 so that every JSON reader keeps it exact.
  package let seed: UInt64
  /// File name below `audio/`: `<id>.<format>`, with `-t<k>` before the dot only when the run has several takes.
  package let fileName: String
  /// Manifest columns that Nocturne does not read, carried through to the metadata.
  package let extra: [String: String]

  package init(
    key: ItemKey, caption: String, spec: RenderSpec, seed: UInt64, fileName: String, extra: [String: String] = [:]
  ) {
    self.key = key
    self.caption = caption
    self.spec = spec
    self.seed = seed
    self.fileName = fileName
    self.extra = extra
  }
}
