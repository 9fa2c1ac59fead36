extension ManifestReader {
  /// Reads the manifest to its end and hands out items in the order of rows and takes, bad rows as they are met.
  ///
  /// With `limit`, rows after the last selected one are validated and counted, but not handed out. With `strict`, no item is
  /// handed out after the first bad row, and the call throws at the end. So what was handed out before a throw must be
  /// forgotten by the caller.
  /// - Returns: what was found, with the digest of all bytes read.
  /// - Throws: `ManifestError` when the manifest cannot be read as a whole or is refused; whatever the closures throw.
  package func forEach(badRow: (BadRow) throws -> Void = { _ in }, item: (Item) throws -> Void) throws
    -> ManifestSummary
  {
    if let fault = options.run.firstFault(limits: options.limits) {
      throw ManifestError(code: fault.code, message: fault.message, location: SourceLocation(file: "run settings"))
    }
    var reader = ByteReader(source: try openSource(), file: name)
    var format = try ManifestFormats.detect(&reader)
    var judge = RowJudge(options: options, file: name)
    var report = ValidationReport()
    while let raw = try format.nextRow(&reader) {
      report.rows += 1
      let isWithinLimit = options.limit.map { report.goodRows < $0 } ?? true
      switch judge.judge(raw) {
      case .good(let row, let note):
        report.goodRows += 1
        if let note { report.add(note) }
        if isWithinLimit {
          report.selectedRows += 1
          try visit(row, &report, item)
        }
      case .bad(let row):
        report.add(row)
        if isWithinLimit { try badRow(row) }
      }
    }
    guard report.rows > 0 else {
      throw ManifestError(
        code: .noRows, message: "the manifest has a header but no rows", location: SourceLocation(file: name))
    }
    if options.strict, let first = report.bad.first?.faults.first {
      throw Self.refusal(report, first)
    }
    return ManifestSummary(
      file: name, format: format.kind, sha256: reader.sha256(), bytes: reader.bytes, report: report)
  }

  private func visit(_ row: ManifestRow, _ report: inout ValidationReport, _ item: (Item) throws -> Void) throws {
    var base = options.base
    // Where nobody asks for a length, a model of shorter clips gives its longest.
    base.seconds = min(base.seconds, options.limits.maximumSeconds)
    let items = row.items(run: options.run, base: base)
    report.items += items.count
    report.seconds += Double(items.count) * (items.first?.spec.seconds ?? 0)
    if options.strict, report.badRows > 0 { return }
    for one in items { try item(one) }
  }

  private static func refusal(_ report: ValidationReport, _ first: ManifestError) -> ManifestError {
    let rows =
      report.badRows == 1 ? "1 of \(report.rows) rows is bad" : "\(report.badRows) of \(report.rows) rows are bad"
    return ManifestError(
      code: .refused, message: "strict: \(rows), so nothing is rendered; the first: \(first.message)",
      location: first.location)
  }

  /// Reads the manifest into memory.
  /// - Throws: `ManifestError` when the manifest cannot be read as a whole or is refused.
  package func read() throws -> Manifest {
    var items: [Item] = []
    var badRows: [BadRow] = []
    let summary = try forEach(badRow: { badRows.append($0) }, item: { items.append($0) })
    return Manifest(summary: summary, items: items, badRows: badRows)
  }

  /// Validates without keeping items.
  /// - Throws: `ManifestError` when the manifest cannot be read as a whole or is refused.
  package func validate() throws -> ManifestSummary {
    try forEach { _ in }
  }
}
