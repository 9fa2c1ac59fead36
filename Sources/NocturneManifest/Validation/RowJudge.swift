/// Judges rows one after the other: the values of each, and its id against all earlier ones.
struct RowJudge {
  enum Verdict {
    case good(ManifestRow, ValidationReport.Note?)
    case bad(BadRow)
  }

  private let options: ManifestReader.Options
  private let file: String
  private var ledger = IDLedger()
  private var rows = 0

  init(options: ManifestReader.Options, file: String) {
    self.options = options
    self.file = file
  }

  mutating func judge(_ raw: RawRow) -> Verdict {
    rows += 1
    var faults = raw.faults.map { fault($0.code, $0.message, $0.position) }
    let hasFaultyShape = !faults.isEmpty
    let settings = hasFaultyShape ? RenderSettings() : settings(raw, &faults)
    var note: ValidationReport.Note?
    if let id = raw.id {
      if let wrong = IDRule.fault(id.text) {
        if !hasFaultyShape { faults.append(fault(wrong.code, wrong.message, id.position)) }
      } else {
        // A bad row keeps its id as well: a second row of that id could not be told from it.
        note = enter(id, takes: options.run.overlaid(by: settings).resolvedTakes, &faults)
      }
    }
    if !hasFaultyShape, let caption = raw.caption, caption.text.isBlank {
      faults.append(fault(.emptyCaption, "the caption is empty; write one or drop the row", caption.position))
    }
    guard faults.isEmpty, let id = raw.id, let caption = raw.caption else {
      precondition(!faults.isEmpty, "RowJudge.judge: a format gave a row without id or caption and without a fault")
      return .bad(BadRow(id: raw.id.map { String($0.text.prefix(IDRule.maximumBytes)) }, row: rows, faults: faults))
    }
    let row = ManifestRow(
      id: id.text, caption: caption.text, settings: settings, extra: raw.extra, location: location(id.position))
    return .good(row, note)
  }

  private func settings(_ raw: RawRow, _ faults: inout [ManifestError]) -> RenderSettings {
    var settings = RenderSettings()
    for (option, cell) in raw.options {
      do throws(SettingFault) {
        try settings.set(option, to: cell.text, limits: options.limits)
      } catch {
        faults.append(fault(error.code, error.message, cell.position))
      }
    }
    return settings
  }

  private mutating func enter(_ id: Cell, takes: Int, _ faults: inout [ManifestError]) -> ValidationReport.Note? {
    let name = quoted(id.text)
    switch ledger.enter(id: id.text, takes: takes, line: id.position.line) {
    case .duplicate(let line):
      faults.append(fault(.duplicateID, "the id \(name) stands in line \(line) already; ids must differ", id.position))
    case .take(let line):
      faults.append(
        fault(
          .takeCollision,
          "the files of \(name) would be those of the row in line \(line), which differs by takes; "
            + "rename one", id.position))
    case .caseTwin(let line) where options.caseFolding:
      faults.append(
        fault(
          .caseCollision,
          "\(name) and the id in line \(line) differ only in letter case, which the run directory's "
            + "file system ignores; rename one or write to another file system", id.position))
    case .caseTwin(let line):
      return ValidationReport.Note(
        code: .idsDifferOnlyInCase,
        message: "\(name) and the id in line \(line) differ only in letter case; "
          + "copied to a case-folding file system, one file overwrites the other", location: location(id.position))
    case nil: break
    }
    return nil
  }

  private func fault(_ code: ManifestError.Code, _ message: String, _ position: Position) -> ManifestError {
    ManifestError(code: code, message: message, location: location(position))
  }

  private func location(_ position: Position) -> SourceLocation {
    SourceLocation(file: file, line: position.line, column: position.column)
  }
}
