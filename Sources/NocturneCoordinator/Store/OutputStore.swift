import Crypto
import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

/// Takes artifacts in: partial file, sync, verification, rename, sync of the directory. Artifacts that are complete wait
/// for `settle`, which takes them through the last steps together, so that many share one flush of the disk.
/// Used by one thread.
final class OutputStore {
  /// How a collection ended; the receipt's worker or its successor, `from`, waits for the answer.
  enum Outcome {
    case stored(Receipt, from: WorkerID)
    case rejected(Receipt, reason: String, from: WorkerID)
    case fell(Receipt, message: String, from: WorkerID)
  }

  /// A piece of an artifact to be asked for.
  struct Wish: Hashable {
    let lease: Lease
    let offset: Int
    let length: Int
    let worker: WorkerID
  }

  let directory: RunDirectory
  /// Decodes and examines a partial file; throws when it is not sound.
  let examine: ((String, Receipt) throws -> Void)?
  let fault: FaultInjection?
  private var open: [Lease: Collection] = [:]
  private var complete: [Collection] = []
  /// Ended before it was complete.
  private var early: [Outcome] = []
  private var serial = 0

  /// Bytes of a piece, and how many are on their way at once.
  private static let chunkBytes = 256 << 10
  private static let window = 4

  init(directory: RunDirectory, examine: ((String, Receipt) throws -> Void)?, fault: FaultInjection?) {
    self.directory = directory
    self.examine = examine
    self.fault = fault
  }

  /// Nothing waits for `settle`.
  var isSettled: Bool { complete.isEmpty && early.isEmpty }

  /// Removes what an earlier process left behind.
  func removePartials() throws(FileFault) {
    for name in try Directory.names(in: directory.partial) { try Directory.remove(directory.partial + "/" + name) }
  }

  /// Begins a collection, or goes on with it.
  /// - Returns: pieces to ask for.
  func collect(_ receipt: Receipt, inline: Data?, from worker: WorkerID) -> [Wish] {
    let lease = receipt.lease
    if complete.contains(where: { $0.receipt.lease == lease }) { return [] }
    do throws(FileFault) {
      let collection: Collection
      if let known = open[lease], known.receipt == receipt {
        collection = known
        collection.worker = worker
        // What was asked for may be lost: begin again where the file ends.
        collection.asked = collection.received
      } else {
        try open.removeValue(forKey: lease)?.discard()
        serial += 1
        collection = try Collection(receipt, from: worker, path: "\(directory.partial)/\(serial).part")
        open[lease] = collection
      }
      if let inline, collection.received == 0 { try collection.add(inline) }
      return finish(collection) ? [] : wishes(of: collection)
    } catch {
      fall(lease, receipt, from: worker, error)
      return []
    }
  }

  /// A piece arrived. Pieces that nobody waits for are ignored.
  /// - Returns: further pieces to ask for.
  func add(_ data: Data, at offset: Int, of lease: Lease, from worker: WorkerID) -> [Wish] {
    guard let collection = open[lease], collection.worker == worker, offset == collection.received, !data.isEmpty
    else { return [] }
    do throws(FileFault) {
      try collection.add(data)
      return finish(collection) ? [] : wishes(of: collection)
    } catch {
      fall(lease, collection.receipt, from: worker, error)
      return []
    }
  }

  /// Gives a collection up; one that nobody began is fine.
  func abandon(_ lease: Lease) {
    try? open.removeValue(forKey: lease)?.discard()
    for collection in complete where collection.receipt.lease == lease { try? collection.discard() }
    complete.removeAll { $0.receipt.lease == lease }
  }

  /// A result that is refused before a byte of it is taken.
  func reject(_ receipt: Receipt, reason: String, from worker: WorkerID) {
    early.append(.rejected(receipt, reason: reason, from: worker))
  }

  private func finish(_ collection: Collection) -> Bool {
    guard collection.received >= collection.receipt.facts.bytes else { return false }
    open[collection.receipt.lease] = nil
    complete.append(collection)
    return true
  }

  private func wishes(of collection: Collection) -> [Wish] {
    var wishes: [Wish] = []
    let end = min(collection.receipt.facts.bytes, collection.received + Self.window * Self.chunkBytes)
    while collection.asked < end {
      let length = min(Self.chunkBytes, collection.receipt.facts.bytes - collection.asked)
      wishes.append(
        Wish(lease: collection.receipt.lease, offset: collection.asked, length: length, worker: collection.worker))
      collection.asked += length
    }
    return wishes
  }

  private func fall(_ lease: Lease, _ receipt: Receipt, from worker: WorkerID, _ fault: FileFault) {
    try? open.removeValue(forKey: lease)?.discard()
    early.append(.fell(receipt, message: fault.description, from: worker))
  }

  /// Takes everything that is complete to its final name.
  /// - Throws: only what the fault injection throws.
  func settle() throws -> [Outcome] {
    var outcomes = early
    early = []
    guard !complete.isEmpty else { return outcomes }
    let batch = complete
    complete = []
    try fault?(.partialWritten)
    let synced = sync(batch, &outcomes)
    try fault?(.partialSynced)
    let sound = synced.filter { verify($0, &outcomes) }
    try fault?(.verified)
    let moved = sound.filter { move($0, &outcomes) }
    try fault?(.renamed)
    do throws(FileFault) {
      if !moved.isEmpty { try Directory.sync(directory.audio, changes: moved.count) }
      outcomes += moved.map { .stored($0.receipt, from: $0.worker) }
    } catch {
      outcomes += moved.map { .fell($0.receipt, message: error.description, from: $0.worker) }
    }
    try fault?(.directorySynced)
    return outcomes
  }

  private func sync(_ batch: [Collection], _ outcomes: inout [Outcome]) -> [Collection] {
    do throws(FileFault) {
      try OpenFile.sync(batch.map(\.file))
      return batch
    } catch {
      // One by one, to know whose fault it is.
      return batch.filter { collection in
        do throws(FileFault) {
          try collection.file.sync()
          return true
        } catch {
          try? collection.discard()
          outcomes.append(.fell(collection.receipt, message: error.description, from: collection.worker))
          return false
        }
      }
    }
  }

  private func verify(_ collection: Collection, _ outcomes: inout [Outcome]) -> Bool {
    let receipt = collection.receipt
    func reject(_ reason: String) -> Bool {
      try? collection.discard()
      outcomes.append(.rejected(receipt, reason: reason, from: collection.worker))
      return false
    }
    guard collection.received == receipt.facts.bytes else {
      return reject("the artifact has \(collection.received) bytes, its receipt says \(receipt.facts.bytes)")
    }
    let digest = collection.digest()
    guard digest == receipt.facts.sha256 else {
      return reject(
        "the artifact's SHA-256 is \(digest.prefix(12)), its receipt says \(receipt.facts.sha256.prefix(12))")
    }
    do {
      try examine?(collection.file.path, receipt)
      return true
    } catch {
      return reject("the artifact is not sound: \(error)")
    }
  }

  private func move(_ collection: Collection, _ outcomes: inout [Outcome]) -> Bool {
    collection.file.close()
    do throws(FileFault) {
      try Directory.move(collection.file.path, to: directory.audioFile(collection.receipt.fileName))
      return true
    } catch {
      try? collection.discard()
      outcomes.append(.fell(collection.receipt, message: error.description, from: collection.worker))
      return false
    }
  }
}
