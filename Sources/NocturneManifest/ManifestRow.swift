/// One manifest row after validation of its own values; ids are compared across rows by `IDLedger`.
package struct ManifestRow: Hashable, Sendable {
  /// Safe as a file name.
  package var id: String
  package var caption: String
  /// The row's option columns only.
  package var settings: RenderSettings
  /// Columns that Nocturne does not read, by name: text as it stands, other JSON values as compact JSON text.
  package var extra: [String: String]
  /// Where the id stands (for plain text: the line).
  package var location: SourceLocation

  package init(
    id: String, caption: String, settings: RenderSettings = RenderSettings(), extra: [String: String] = [:],
    location: SourceLocation
  ) {
    self.id = id
    self.caption = caption
    self.settings = settings
    self.extra = extra
    self.location = location
  }

  /// The row's items, one for each take.
  /// - Parameters:
  ///   - run: settings of the run: model defaults, job file and command line already laid over each other.
  ///   - base: fallback where neither the row nor the run says anything.
  package func items(run: RenderSettings, base: RenderSpec = RenderSpec()) -> [Item] {
    let resolved = run.overlaid(by: settings)
    let spec = resolved.resolve(over: base)
    let takes = resolved.resolvedTakes
    return (1...takes).map { take in
      Item(
        key: ItemKey(row: id, take: take), caption: caption, spec: spec,
        seed: ItemSeed.seed(runSeed: run.resolvedSeed, id: id, take: take, rowSeed: settings.seed),
        fileName: Item.fileName(id: id, take: take, of: takes, format: spec.format), extra: extra)
    }
  }
}

extension Item {
  /// `<id>.<format>`, or `<id>-t<take>.<format>` when the row has several takes.
  package static func fileName(id: String, take: Int, of takes: Int, format: AudioFormat) -> String {
    takes > 1 ? "\(id)-t\(take).\(format.rawValue)" : "\(id).\(format.rawValue)"
  }
}
