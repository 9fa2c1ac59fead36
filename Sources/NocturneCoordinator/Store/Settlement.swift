import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

/// The last steps of artifacts that are complete, for many together: file, sync, verification, rename, sync of the directory
/// (farm.md, "Durability order"). Done on the store's own thread.
struct Settlement {
  let directory: RunDirectory
  /// Decodes and examines a partial file; throws when it is not sound.
  let examine: ((String, Receipt) throws -> Void)?
  let fault: FaultInjection?

  /// Takes a batch to its final names.
  /// - Throws: only what the fault injection throws.
  func settle(_ batch: [OutputStore.Collection]) throws -> [OutputStore.Outcome] {
    var outcomes: [OutputStore.Outcome] = []
    let written = try pass(.partialWritten, write(batch, &outcomes), &outcomes)
    let synced = try pass(.partialSynced, sync(written, &outcomes), &outcomes)
    let sound = try pass(.verified, synced.filter { verify($0, &outcomes) }, &outcomes)
    let moved = try pass(.renamed, sound.filter { move($0, &outcomes) }, &outcomes)
    do throws(FileFault) {
      if !moved.isEmpty { try Directory.sync(directory.audio, changes: moved.count) }
      outcomes += moved.map { .stored($0.receipt, from: $0.worker) }
    } catch {
      outcomes += moved.map { fell($0, error) }
    }
    try fault?(.directorySynced)
    return outcomes
  }

  /// A fault point. A file fault that is injected there is one of the disk: it refuses the next step.
  private func pass(
    _ point: FaultPoint, _ collections: [OutputStore.Collection], _ outcomes: inout [OutputStore.Outcome]
  ) throws -> [OutputStore.Collection] {
    do {
      try fault?(point)
      return collections
    } catch let refusal as FileFault {
      outcomes += collections.map { fell($0, refusal) }
      return []
    }
  }

  private func fell(_ collection: OutputStore.Collection, _ fault: FileFault) -> OutputStore.Outcome {
    try? collection.discard()
    return .fell(collection.receipt, message: fault.description, from: collection.worker)
  }

  private func refused(_ collection: OutputStore.Collection, _ reason: String) -> OutputStore.Outcome {
    try? collection.discard()
    return .rejected(collection.receipt, reason: reason, from: collection.worker)
  }

  private func write(
    _ batch: [OutputStore.Collection], _ outcomes: inout [OutputStore.Outcome]
  ) -> [OutputStore.Collection] {
    batch.filter { collection in
      do throws(FileFault) {
        _ = try collection.flush()
        return true
      } catch {
        outcomes.append(fell(collection, error))
        return false
      }
    }
  }

  private func sync(
    _ batch: [OutputStore.Collection], _ outcomes: inout [OutputStore.Outcome]
  ) -> [OutputStore.Collection] {
    do throws(FileFault) {
      var files: [OpenFile] = []
      for collection in batch { files.append(try collection.flush()) }
      try OpenFile.sync(files)
      return batch
    } catch {
      // One by one, to know whose fault it is.
      return batch.filter { collection in
        do throws(FileFault) {
          try collection.flush().sync()
          return true
        } catch {
          outcomes.append(fell(collection, error))
          return false
        }
      }
    }
  }

  private func verify(_ collection: OutputStore.Collection, _ outcomes: inout [OutputStore.Outcome]) -> Bool {
    let receipt = collection.receipt
    func reject(_ reason: String) -> Bool {
      outcomes.append(refused(collection, reason))
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
      try examine?(collection.path, receipt)
      return true
    } catch let fault as FileFault {
      outcomes.append(fell(collection, fault))
      return false
    } catch {
      return reject("the artifact is not sound: \(error)")
    }
  }

  private func move(_ collection: OutputStore.Collection, _ outcomes: inout [OutputStore.Outcome]) -> Bool {
    collection.close()
    do throws(FileFault) {
      try Directory.move(collection.path, to: directory.audioFile(collection.receipt.fileName))
      return true
    } catch {
      // Of this name, or of the disk: what no other file suffers from must not hold up the night.
      let isOfTheName = [EISDIR, ENOTEMPTY, ENAMETOOLONG, EINVAL].contains(error.number)
      outcomes.append(isOfTheName ? refused(collection, "\(error)") : fell(collection, error))
      return false
    }
  }
}
