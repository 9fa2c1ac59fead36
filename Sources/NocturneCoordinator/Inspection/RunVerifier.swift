import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

/// Looks at every byte of a run's results.
package struct RunVerifier {
  package let directory: RunDirectory
  package let inspector: ArtifactInspection?

  package init(directory: RunDirectory, inspector: ArtifactInspection? = nil) {
    self.directory = directory
    self.inspector = inspector
  }

  /// Compares journal, audio, metadata and errors.
  /// - Parameters:
  ///   - repair: marks items with bad audio as waiting, so that a rerun renders them, and makes a missing or damaged journal
  ///     anew; needs a run that stands still.
  ///   - progress: told the number of items looked at so far.
  /// - Throws: `RunError` (`noRun`, `damaged`, `otherVersion`, `unwritable`; `locked` when asked to repair a running run, or
  ///   when somebody has the journal for himself), `JournalFault`, `FileFault`.
  package func verify(repair: Bool = false, progress: (Int) -> Void = { _ in }) throws -> VerificationReport {
    guard directory.isRun || directory.mayBeRebuilt else { throw RunError.noRun(directory) }
    if repair { try Directory.make(directory.state) }
    let lock = repair ? try directory.takeLock() : nil
    defer { _ = lock }
    let isLive = lock == nil && directory.owner != nil
    var report = VerificationReport()
    let damage = try damage()
    if let damage {
      report.findings.append(
        Finding(
          code: .damagedJournal, item: nil, file: "state/journal.sqlite",
          message: "\(damage); " + (repair ? "made anew" : "repair makes it anew") + " of run.json and metadata.jsonl"))
      guard repair else { return report }
      try JournalRebuild(directory: directory).rebuild()
    }
    let journal = repair ? try SQLiteJournal(directory.journal) : try SQLiteJournal(reading: directory.journal)

    var receipts: [Receipt] = []
    try journal.forEachDone { receipts.append($0) }
    let records = try MetadataRecords(directory.metadata)
    var bad: [Receipt] = []
    for receipt in receipts {
      let findings = findings(about: receipt, records)
      if findings.contains(where: \.concernsAudio) { bad.append(receipt) }
      report.findings += findings
      report.verified += 1
      progress(report.verified)
    }
    // A running coordinator has gone on since the journal was read.
    if !isLive {
      report.findings += strangers(receipts, records)
      report.findings += try silences(journal)
    }
    if repair, !bad.isEmpty {
      try reopen(bad, journal)
      report.reopened = bad.map(\.lease.item)
    }
    if repair, damage != nil || !bad.isEmpty {
      let counts = try journal.counts(total: try journal.opening()?.items ?? 0)
      try RunDocument.revise(directory.document, counts: counts)
    }
    return report
  }

  /// What is wrong with the journal, in a few words; nil for a sound one. One that cannot be looked at may be sound.
  private func damage() throws(RunError) -> String? {
    guard directory.isRun else { return "is missing" }
    do {
      try SQLiteJournal(reading: directory.journal).examine()
      return nil
    } catch let error as JournalFault {
      return error.isShortage ? nil : "is damaged: \(error.message)"
    } catch let error as RunError where error.code != .damaged {
      throw error
    } catch {
      return "cannot be read"
    }
  }

  private func findings(about receipt: Receipt, _ records: MetadataRecords) -> [Finding] {
    let file = "audio/" + receipt.fileName
    let key = receipt.lease.item
    var findings: [Finding] = []
    func find(_ code: Finding.Code, _ message: String) {
      findings.append(Finding(code: code, item: key, file: file, message: message))
    }
    let record = records.byFile[file]
    if let record {
      if !record.agrees(with: receipt) {
        find(.wrongLine, "metadata.jsonl says something else than the journal; a rerun writes it anew")
      }
    } else {
      find(.missingLine, "has no line in metadata.jsonl; a rerun adds it")
    }
    let path = directory.audioFile(receipt.fileName)
    guard let size = Directory.size(of: path) else {
      if Directory.exists(path) {
        find(.unreadableFile, "is no file; move away what stands there, and verify again")
      } else {
        find(.missingFile, "is missing; repair and rerun to render it again")
      }
      return findings
    }
    guard size == receipt.facts.bytes else {
      find(.wrongSize, "has \(size) bytes instead of \(receipt.facts.bytes); repair and rerun to render it again")
      return findings
    }
    do {
      let digest = try fileDigest(path)
      guard digest == receipt.facts.sha256 else {
        find(
          .wrongDigest,
          "has SHA-256 \(digest.prefix(12)) instead of \(receipt.facts.sha256.prefix(12)); repair and rerun")
        return findings
      }
      if let inspector, let item = record?.item {
        let facts = try inspector(URL(fileURLWithPath: path), item, receipt.modelFingerprint)
        if facts.frames != receipt.facts.frames {
          find(.unsound, "decodes to \(facts.frames) frames instead of \(receipt.facts.frames)")
        }
      }
    } catch let mismatch as ItemMismatch {
      // The bytes are those that were accepted: it is the line that is wrong.
      find(.wrongLine, "metadata.jsonl says another thing of it than the file: \(mismatch); a rerun writes it anew")
    } catch let fault as FileFault {
      // Which is no word about what is in it: nothing is rendered again for that.
      find(.unreadableFile, "cannot be read (\(fault.reason)); see to it, and verify again")
    } catch {
      find(.unsound, "is not sound: \(error)")
    }
    return findings
  }

  /// Files and lines that belong to no done item.
  private func strangers(_ receipts: [Receipt], _ records: MetadataRecords) -> [Finding] {
    let known = Set(receipts.map { "audio/" + $0.fileName })
    var findings = records.faults.map { number, message in
      Finding(code: .wrongLine, item: nil, file: "metadata.jsonl:\(number)", message: message)
    }
    for (file, record) in records.byFile.sorted(by: { $0.key < $1.key }) where !known.contains(file) {
      findings.append(
        Finding(code: .wrongLine, item: record.key, file: file, message: "has a metadata line but is not done"))
    }
    let names = (try? Directory.names(in: directory.audio)) ?? []
    for name in names.sorted() where !known.contains("audio/" + name) {
      findings.append(
        Finding(
          code: .extraFile, item: nil, file: "audio/" + name,
          message: "belongs to no done item; a rerun replaces it if it is one, otherwise remove it"))
    }
    return findings
  }

  /// What a reader of the run does not hear: of an item that died, or of the run itself.
  private func silences(_ journal: SQLiteJournal) throws -> [Finding] {
    let lines = try (Directory.contents(of: directory.errors) ?? Data()).split(separator: UInt8(ascii: "\n"))
    let said = Set(lines)
    var findings: [Finding] = []
    for dead in try journal.deadItems() where !said.contains(Data(ErrorLine.bytes(dead).dropLast())) {
      findings.append(
        Finding(
          code: .missingLine, item: dead.item, file: "errors.jsonl",
          message: "does not say what the journal says of \(dead.item), which is dead; a rerun writes it anew"))
    }
    guard let document = RunDocument.read(at: directory.document) else {
      return findings + [
        Finding(
          code: .noDocument, item: nil, file: "run.json", message: "is missing or no document; a rerun writes it anew")
      ]
    }
    let rows = RunDocument.rejectedRows(in: document)
    let told = lines.compactMap { ErrorLine.Told(Data($0)) }.count { $0.item == nil }
    if told < rows {
      findings.append(
        Finding(
          code: .missingLine, item: nil, file: "errors.jsonl",
          message: "tells of \(told) of the \(rows) rows that were rejected; a rerun writes it anew"))
    }
    return findings
  }

  private func reopen(_ receipts: [Receipt], _ journal: SQLiteJournal) throws {
    try journal.commit(
      receipts.map {
        Transition(
          item: $0.lease.item, attempt: $0.lease.attempt, change: .reopened(reason: "verify found its audio damaged"))
      })
    let keys = Set(receipts.map(\.lease.item))
    try LineFile(directory.metadata).remove { line in RecordLine(line).map { keys.contains($0.key) } ?? false }
    for receipt in receipts { try Directory.remove(directory.audioFile(receipt.fileName)) }
  }
}
