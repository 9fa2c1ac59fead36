package import Foundation
package import NocturneFarm
import NocturneManifest
package import NocturneWire

/// Where a worker keeps what it rendered until the coordinator has it: one folder for each run (see `OutboxFolder`).
/// Survives the worker: the next one that opens the directory delivers what it finds. Used by one thread.
package final class OutboxDirectory {
  package let path: String
  private let lock: FileLock
  private var folders: [String: OutboxFolder] = [:]
  /// Which run's folder has it.
  private var places: [Lease: OutboxFolder] = [:]

  /// An artifact that was rendered, on its way into the outbox.
  package struct Arrival: Sendable {
    package var run: String
    package var receipt: Receipt
    /// The file as the renderer left it, on the outbox's file system.
    package var file: String

    package init(run: String, receipt: Receipt, file: String) {
      self.run = run
      self.receipt = receipt
      self.file = file
    }
  }

  /// Makes the directory if need be, and takes it until the process ends.
  /// - Throws: `OutboxError`.
  package init(_ path: String) throws(OutboxError) {
    let path = URL(fileURLWithPath: path).standardizedFileURL.path
    self.path = path
    let taken: FileLock?
    do throws(FileFault) {
      try Directory.make(path + "/" + Self.scratchName)
      taken = try FileLock(path + "/" + Self.lockName)
    } catch {
      throw OutboxError(.unwritable, path, "cannot use the outbox: \(error); choose another with --outbox")
    }
    guard let taken else {
      let owner = FileLock.owner(of: path + "/" + Self.lockName).map { " (process \($0))" } ?? ""
      throw OutboxError(
        .locked, path, "another worker\(owner) uses this outbox; give each worker its own with --outbox")
    }
    lock = taken
  }

  // Hidden, so that nothing that looks for audio finds half of it.
  private static let scratchName = ".rendering"
  private static let lockName = "lock"

  /// Where the renderer writes: on the same file system, so that finished files can be renamed into place.
  package var scratch: String { path + "/" + Self.scratchName }

  /// What earlier processes left: whole artifacts, oldest first within each run. Anything torn or strange is removed: a
  /// clip that is not whole is rendered again.
  /// - Throws: `FileFault` when the directory cannot be read.
  package func load() throws -> [OutboxEntry] {
    for name in try Directory.names(in: scratch) { try Directory.remove(scratch + "/" + name) }
    var entries: [OutboxEntry] = []
    for name in try Directory.names(in: path).sorted() where name != Self.scratchName && name != Self.lockName {
      let folder = try OutboxFolder(path + "/" + name)
      for (run, receipt) in try folder.load() {
        entries.append(OutboxEntry(run: run, receipt: receipt))
        places[receipt.lease] = folder
        folders[run] = folder
      }
    }
    return entries
  }

  /// Takes finished files in, together: one flush of the disk for all of them.
  /// - Returns: for each, in order, why it could not be taken in; nil when it survives whatever comes.
  package func store(_ arrivals: [Arrival]) -> [FileFault?] {
    var faults = [FileFault?](repeating: nil, count: arrivals.count)
    for (run, indices) in Dictionary(grouping: arrivals.indices, by: { arrivals[$0].run }) {
      do throws(FileFault) {
        let folder = try folder(of: run)
        for (index, fault) in zip(indices, folder.store(indices.map { arrivals[$0] }, run: run)) {
          faults[index] = fault
          if fault == nil { places[arrivals[index].receipt.lease] = folder }
        }
      } catch {
        for index in indices { faults[index] = error }
      }
    }
    return faults
  }

  private func folder(of run: String) throws(FileFault) -> OutboxFolder {
    if let known = folders[run] { return known }
    let folder = try OutboxFolder(path + "/" + OutboxFolder.name(of: run))
    folders[run] = folder
    return folder
  }

  /// Bytes of the artifact's file; nil when it is not here.
  package func size(_ lease: Lease) -> Int? { places[lease].flatMap { Directory.size(of: $0.artifact(lease)) } }

  /// Bytes of an artifact; fewer than `length` only at its end, nil when it is not here.
  package func read(_ lease: Lease, at offset: Int, length: Int) throws -> Data? {
    guard let folder = places[lease] else { return nil }
    return try OpenFile(folder.artifact(lease), .read).read(at: offset, length: length)
  }

  /// Removes what is acknowledged or not wanted; what is not here is fine.
  package func discard(_ leases: [Lease]) {
    for lease in leases { places.removeValue(forKey: lease)?.discard(lease) }
  }
}
