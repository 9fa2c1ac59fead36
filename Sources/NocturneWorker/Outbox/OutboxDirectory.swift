package import Foundation
package import NocturneFarm
import NocturneManifest
package import NocturneWire

/// Where a worker keeps what it rendered until the coordinator has it: segments, files that are only ever appended to, of
/// one `OutboxRecord` after the other. A segment goes when it is full and everything in it is acknowledged, so a result
/// costs the file system one write, and no file of its own.
///
/// Survives the worker: the next one that opens the directory delivers what it finds. That may be a result that was
/// acknowledged already, whose segment was still in use; the coordinator acknowledges it again. Used by one thread.
package final class OutboxDirectory {
  package let path: String
  private let lock: FileLock
  private var places: [Lease: Place] = [:]
  /// The segment that takes what arrives.
  private var open: Segment?
  /// Number of the next segment.
  private var serial = 1

  /// An artifact that was rendered, on its way into the outbox.
  package struct Arrival: Sendable {
    package var run: String
    package var receipt: Receipt
    package var contents: Data

    package init(run: String, receipt: Receipt, contents: Data) {
      self.run = run
      self.receipt = receipt
      self.contents = contents
    }
  }

  private final class Segment {
    let path: String
    /// Nil when it takes nothing more: there may be more segments than a process may have open files.
    var file: OpenFile?
    var size = 0
    /// Results in it that somebody waits for.
    var held = 0

    init(_ path: String, file: OpenFile? = nil) {
      self.path = path
      self.file = file
    }
  }

  private struct Place {
    let segment: Segment
    let bytes: Range<Int>
  }

  /// Makes the directory if need be, and takes it until the process ends.
  /// - Throws: `OutboxError`.
  package init(_ path: String) throws(OutboxError) {
    let path = URL(fileURLWithPath: path).standardizedFileURL.path
    self.path = path
    let taken: FileLock?
    do throws(FileFault) {
      try Directory.make(path)
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

  private static let lockName = "lock"
  private static let suffix = ".segment"
  /// A segment that is longer takes nothing more. Small, so that little room is held by what is acknowledged; a clip of
  /// some seconds fills one, thousands of tiny results share a few.
  private static let segmentBytes = 64 << 10
  /// Far from where numbers end.
  private static let largestNumber = 1 << 53

  /// What earlier processes left: whole results, oldest first. What is torn is left out, and rendered again.
  /// - Parameter unread: takes why a segment could not be read; it stays, for a later process.
  /// - Throws: `FileFault` when the directory cannot be read.
  package func load(_ unread: (FileFault) -> Void = { _ in }) throws -> [OutboxEntry] {
    precondition(places.isEmpty && open == nil, "load: the outbox is in use")
    let numbers = try Directory.names(in: path).compactMap(Self.number(ofSegment:)).sorted()
    serial = (numbers.last ?? 0) + 1
    var entries: [OutboxEntry] = []
    for number in numbers {
      let segment = Segment(segmentPath(number))
      let contents: Data
      do {
        // Not mapped: a page that a failing disk does not give ends the process.
        let file = try OpenFile(segment.path, .read)
        contents = try file.read(at: 0, length: file.size())
      } catch {
        unread(error)
        continue
      }
      for record in OutboxRecord.scan(contents) where places[record.receipt.lease] == nil {
        entries.append(OutboxEntry(run: record.run, receipt: record.receipt))
        place(record.receipt.lease, record.artifact, in: segment)
      }
      retire(segment)
    }
    return entries
  }

  /// Takes finished artifacts in, together: one flush of the disk for all of them.
  /// - Returns: for each, in order, why it could not be taken in; nil when it survives whatever comes.
  package func store(_ arrivals: [Arrival]) -> [FileFault?] {
    var faults = [FileFault?](repeating: nil, count: arrivals.count)
    do throws(FileFault) {
      let (segment, file) = try segment()
      let start = segment.size
      var places: [(index: Int, bytes: Range<Int>)] = []
      for (index, arrival) in arrivals.enumerated() {
        do throws(FileFault) {
          places.append((index, try append(arrival, to: segment, file)))
        } catch {
          faults[index] = error
        }
      }
      do throws(FileFault) {
        try file.sync()
      } catch {
        cut(segment, file, to: start)
        retire(segment)
        throw error
      }
      for (index, bytes) in places { place(arrivals[index].receipt.lease, bytes, in: segment) }
      if places.count < arrivals.count || segment.size >= Self.segmentBytes { retire(segment) }
    } catch {
      for index in arrivals.indices where faults[index] == nil { faults[index] = error }
    }
    return faults
  }

  /// The open segment, or a new one.
  private func segment() throws(FileFault) -> (Segment, OpenFile) {
    if let open, let file = open.file { return (open, file) }
    let file = try OpenFile(segmentPath(serial), .readWrite)
    do throws(FileFault) {
      try Directory.sync(path)
    } catch {
      try? Directory.remove(file.path)
      throw error
    }
    serial += 1
    let fresh = Segment(file.path, file: file)
    open = fresh
    return (fresh, file)
  }

  private func append(_ arrival: Arrival, to segment: Segment, _ file: OpenFile) throws(FileFault) -> Range<Int> {
    let (record, artifact) = OutboxRecord.bytes(
      run: arrival.run, receipt: arrival.receipt, contents: arrival.contents)
    let start = segment.size
    do throws(FileFault) {
      try file.write(record, at: start)
    } catch {
      cut(segment, file, to: start)
      throw error
    }
    segment.size += record.count
    return start + artifact..<segment.size
  }

  /// Lets nothing more in, so that it goes once all of it is acknowledged: also a disk that is full gets its room back.
  private func retire(_ segment: Segment) {
    segment.file = nil
    if segment === open { open = nil }
    if segment.held == 0 { try? Directory.remove(segment.path) }
  }

  /// Should even this fail, the next process delivers what is whole; nobody minds.
  private func cut(_ segment: Segment, _ file: OpenFile, to size: Int) {
    segment.size = size
    try? file.truncate(to: size)
  }

  private func place(_ lease: Lease, _ bytes: Range<Int>, in segment: Segment) {
    segment.held += 1
    places[lease] = Place(segment: segment, bytes: bytes)
  }

  private func segmentPath(_ number: Int) -> String { "\(path)/\(Self.name(ofSegment: number))" }

  private static func name(ofSegment number: Int) -> String { "\(number)\(suffix)" }

  /// Nil for a name that is not ours, be it nearly so: somebody else knows what it means.
  private static func number(ofSegment name: String) -> Int? {
    guard let number = Int(name.dropLast(suffix.count)), (1...largestNumber).contains(number) else { return nil }
    return Self.name(ofSegment: number) == name ? number : nil
  }

  /// Bytes of an artifact; fewer than `length` only at its end, nil when it is not here.
  package func read(_ lease: Lease, at offset: Int, length: Int) throws -> Data? {
    guard let place = places[lease], offset <= place.bytes.count else { return nil }
    let file = try place.segment.file ?? OpenFile(place.segment.path, .read)
    return try file.read(
      at: place.bytes.lowerBound + offset, length: min(length, place.bytes.count - offset))
  }

  /// Forgets what is acknowledged or not wanted; what is not here is fine.
  package func discard(_ leases: [Lease]) {
    for lease in leases {
      guard let segment = places.removeValue(forKey: lease)?.segment else { continue }
      segment.held -= 1
      if segment !== open { retire(segment) }
    }
  }

  /// Leaves nothing that is acknowledged. Nothing is stored afterwards.
  package func close() {
    if let open { retire(open) }
  }
}
