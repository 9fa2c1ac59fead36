import Crypto
package import Foundation
package import NocturneFarm
import NocturneManifest
package import NocturneWire

/// Where a worker keeps what it rendered until the coordinator has it: `<directory>/<run>/<lease>.artifact`, and beside
/// it `<lease>.receipt`. Survives the worker: the next one that opens the directory delivers what it finds.
/// Used by one thread.
package final class OutboxDirectory {
  package let path: String
  private let lock: FileLock
  /// Where each artifact is, by lease; nil-valued never.
  private var places: [Lease: String] = [:]
  private let encoder = JSONEncoder()

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
    self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    do throws(FileFault) {
      try Directory.make(self.path)
      try Directory.make(self.path + "/" + Self.scratchName)
      guard let lock = try FileLock(self.path + "/lock") else {
        let owner = FileLock.owner(of: self.path + "/lock").map { " (process \($0))" } ?? ""
        throw FileFault("share it with another worker\(owner)", self.path, number: 0)
      }
      self.lock = lock
    } catch {
      guard error.number == 0 else {
        throw OutboxError(.unwritable, path, "cannot use the outbox: \(error); choose another with --outbox")
      }
      throw OutboxError(.locked, path, "another worker uses this outbox; give each worker its own with --outbox")
    }
  }

  // Hidden, so that nothing that looks for audio finds half of it.
  private static let scratchName = ".rendering"

  /// Where the renderer writes: on the same file system, so that finished files can be renamed into place.
  package var scratch: String { path + "/" + Self.scratchName }

  /// What earlier processes left: whole artifacts, oldest first. Anything torn or strange is removed: a clip that is not
  /// whole is rendered again.
  /// - Throws: `FileFault` when the directory cannot be read.
  package func load() throws -> [OutboxEntry] {
    for name in try Directory.names(in: scratch) { try Directory.remove(scratch + "/" + name) }
    var found: [(entry: OutboxEntry, date: Date)] = []
    for run in try Directory.names(in: path) where !run.hasPrefix(".") && run != "lock" {
      let folder = path + "/" + run
      guard let names = try? Directory.names(in: folder) else { continue }
      var kept: Set<String> = []
      for name in names where name.hasSuffix(".receipt") {
        let place = folder + "/" + name.dropLast(".receipt".count)
        guard let receipt = Self.receipt(at: place), Self.isWhole(place, receipt) else { continue }
        kept.formUnion([name, name.dropLast(".receipt".count) + ".artifact"])
        places[receipt.lease] = place
        let attributes = try? FileManager.default.attributesOfItem(atPath: place + ".receipt")
        let date = attributes?[.modificationDate] as? Date ?? .distantPast
        found.append((OutboxEntry(run: run, receipt: receipt), date))
      }
      for name in names where !kept.contains(name) { try? Directory.remove(folder + "/" + name) }
    }
    return found.sorted { ($0.date, $0.entry.receipt.lease.item) < ($1.date, $1.entry.receipt.lease.item) }
      .map(\.entry)
  }

  private static func receipt(at place: String) -> Receipt? {
    FileManager.default.contents(atPath: place + ".receipt").flatMap {
      try? JSONDecoder().decode(Receipt.self, from: $0)
    }
  }

  private static func isWhole(_ place: String, _ receipt: Receipt) -> Bool {
    guard Directory.size(of: place + ".artifact") == receipt.facts.bytes,
      let data = FileManager.default.contents(atPath: place + ".artifact")
    else { return false }
    return SHA256.hash(data: data).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
      == receipt.facts.sha256
  }

  /// Takes finished files in, together: one flush of the disk for all of them.
  /// - Returns: for each, in order, why it could not be taken in; nil when it survives whatever comes.
  package func store(_ arrivals: [Arrival]) -> [FileFault?] {
    var faults = [FileFault?](repeating: nil, count: arrivals.count)
    var files: [OpenFile] = []
    var folders: Set<String> = []
    for (index, arrival) in arrivals.enumerated() {
      do throws(FileFault) {
        let folder = path + "/" + Self.folderName(arrival.run)
        if folders.insert(folder).inserted { try Directory.make(folder) }
        let place = folder + "/" + Self.name(of: arrival.receipt.lease)
        files += try put(arrival, at: place)
        places[arrival.receipt.lease] = place
      } catch {
        faults[index] = error
      }
    }
    do throws(FileFault) {
      if !files.isEmpty { try OpenFile.sync(files) }
      for folder in folders { try Directory.sync(folder) }
    } catch {
      for index in faults.indices where faults[index] == nil {
        faults[index] = error
        discard([arrivals[index].receipt.lease])
      }
    }
    return faults
  }

  private func put(_ arrival: Arrival, at place: String) throws(FileFault) -> [OpenFile] {
    try Directory.move(arrival.file, to: place + ".artifact")
    guard let text = try? encoder.encode(arrival.receipt) else {
      preconditionFailure("OutboxDirectory: the receipt of \(arrival.receipt.lease.item) has a number that JSON lacks")
    }
    let receipt = try OpenFile(place + ".new", .create)
    try receipt.write(text)
    try Directory.move(place + ".new", to: place + ".receipt")
    return [try OpenFile(place + ".artifact", .read), receipt]
  }

  /// Bytes of an artifact; fewer than `length` only at its end, nil when it is not here.
  package func read(_ lease: Lease, at offset: Int, length: Int) throws -> Data? {
    guard let place = places[lease] else { return nil }
    return try OpenFile(place + ".artifact", .read).read(at: offset, length: length)
  }

  /// Removes what is acknowledged or not wanted; what is not here is fine.
  package func discard(_ leases: [Lease]) {
    for lease in leases {
      guard let place = places.removeValue(forKey: lease) else { continue }
      try? Directory.remove(place + ".receipt")
      try? Directory.remove(place + ".artifact")
    }
  }

  /// A run's name comes from the coordinator; one that is no plain file name is replaced by its digest.
  private static func folderName(_ run: String) -> String { isSafeFileName(run) ? run : "run-" + short(run) }

  private static func name(of lease: Lease) -> String {
    let row = lease.item.row.utf8.count <= 150 ? lease.item.row : short(lease.item.row)
    return "\(row)-t\(lease.item.take)-a\(lease.attempt)-\(String(lease.token, radix: 16))"
  }

  private static func short(_ text: String) -> String {
    SHA256.hash(data: Data(text.utf8)).prefix(8).map { String($0, radix: 16) }.joined()
  }
}
