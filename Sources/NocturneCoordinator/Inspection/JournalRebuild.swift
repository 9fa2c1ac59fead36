import Foundation
import NocturneFarm
import NocturneJSON
import NocturneManifest
import NocturneWire

/// A new journal in place of a damaged one, made of what else the run directory knows: the run from `run.json`, what is done
/// from `metadata.jsonl`, as far as its audio is there and has the digest of its line, and what was cancelled from
/// `errors.jsonl`. The rest is rendered again; what had died is tried again, and `errors.jsonl` says so no more. The damaged
/// journal is put aside.
struct JournalRebuild {
  let directory: RunDirectory

  /// - Throws: `RunError` with code `damaged` when `run.json` does not say what the run is; `FileFault`, `JournalFault`.
  func rebuild() throws {
    let opening = try opening()
    let receipts = try MetadataRecords(directory.metadata).byFile.values
      .sorted { $0.fileName < $1.fileName }.compactMap { try receipt($0) }
    // Whole before it has its name: an empty journal would be taken for a run of which nothing is done.
    let draft = directory.journal + ".new"
    for part in Self.parts { try Directory.remove(draft + part) }
    try write(opening, receipts, to: draft)
    let errors = try LineFile(directory.errors)
    try errors.remove { line in
      ErrorLine.Told(Data(line)).map { $0.item != nil && $0.failureClass != FailureClass.cancelled.rawValue } ?? false
    }
    try putAside()
    try Directory.move(draft, to: directory.journal)
    try Directory.sync(directory.state)
  }

  private func write(_ opening: SQLiteJournal.Opening, _ receipts: [Receipt], to draft: String) throws {
    let journal = try SQLiteJournal(draft)
    try journal.restore(opening)
    try journal.commit(
      receipts.flatMap { receipt in
        let lease = receipt.lease
        return [
          Transition(
            item: lease.item, attempt: lease.attempt,
            change: .leased(token: lease.token, worker: receipt.worker, shard: 0)),
          Transition(item: lease.item, attempt: lease.attempt, change: .done(receipt)),
        ]
      })
    let done = Set(receipts.map(\.lease.item))
    try journal.commit(
      ErrorLine.told(in: directory.errors).compactMap { line in
        guard line.failureClass == FailureClass.cancelled.rawValue, let item = line.item, !done.contains(item)
        else { return nil }
        return Transition(
          item: item, attempt: line.attempts, change: .died(.cancelled, message: line.message, worker: nil))
      })
    try journal.close()
  }

  /// Of a SQLite database, what its name is followed by.
  private static let parts = ["", "-wal", "-shm"]

  private func opening() throws -> SQLiteJournal.Opening {
    struct Document: Decodable {
      struct Counts: Decodable { var total: Int }
      var run: String
      var created: Date
      var manifest: String?
      var manifestSha256: String
      var modelFingerprint: String?
      var settings: [String: String]
      var counts: Counts
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.dateDecodingStrategy = .iso8601
    guard let data = FileManager.default.contents(atPath: directory.document), isShallow(data),
      let document = try? decoder.decode(Document.self, from: data)
    else {
      throw RunError(
        .damaged, directory.path,
        "the journal is damaged, and run.json does not say what the run is; move the run directory away to start anew")
    }
    return SQLiteJournal.Opening(
      name: document.run,
      record: RunRecord(
        manifest: document.manifest ?? "", manifestSHA256: document.manifestSha256,
        modelFingerprint: document.modelFingerprint, settings: document.settings),
      items: document.counts.total, created: document.created.timeIntervalSince1970)
  }

  /// Nil when the audio is not what the line says.
  /// - Throws: `FileFault` when it cannot be read, which says nothing about it.
  private func receipt(_ record: MetadataRecords.Record) throws(FileFault) -> Receipt? {
    guard let item = record.item, isSafeFileName(item.fileName), record.attempt >= 1, isWorkerName(record.worker.utf8)
    else { return nil }
    let path = directory.audioFile(item.fileName)
    guard let bytes = Directory.size(of: path), try fileDigest(path) == record.sha256 else { return nil }
    return Receipt(
      lease: Lease(item: record.key, attempt: record.attempt, token: .random(in: 1 ... .max)), fileName: item.fileName,
      facts: AudioFacts(
        sampleRate: record.sampleRate, channels: 1, frames: record.frames, sha256: record.sha256, bytes: bytes,
        peakDBFS: record.peakDBFS, rmsDBFS: record.rmsDBFS, integratedLUFS: record.integratedLUFS),
      modelFingerprint: record.modelFingerprint, numericClass: record.numericClass, worker: WorkerID(record.worker),
      stageSeconds: record.stageSeconds.compactMapValues { $0 }, notes: [record.notes ?? ""].filter { !$0.isEmpty })
  }

  private func putAside() throws(FileFault) {
    let suffix = ".damaged-\(Int(Date().timeIntervalSince1970))"
    for part in Self.parts where Directory.size(of: directory.journal + part) != nil {
      try Directory.move(directory.journal + part, to: directory.journal + suffix + part)
    }
  }
}
