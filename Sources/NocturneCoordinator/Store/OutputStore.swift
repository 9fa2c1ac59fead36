import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

/// Takes artifacts in. Those that are complete wait for `settle`, which takes them through the last steps together, so that
/// many share one flush of the disk, on a thread that waits for it: meanwhile the next ones come in.
/// Used by one thread.
final class OutputStore {
  /// How a collection ended; the receipt's worker or its successor, `from`, waits for the answer.
  enum Outcome: Sendable {
    case stored(Receipt, from: WorkerID)
    case rejected(Receipt, reason: String, from: WorkerID)
    case fell(Receipt, message: String, from: WorkerID)

    var receipt: Receipt {
      switch self {
      case .stored(let receipt, _), .rejected(let receipt, _, _), .fell(let receipt, _, _): receipt
      }
    }
  }

  /// A piece of an artifact to be asked for.
  struct Wish: Hashable {
    let lease: Lease
    let offset: Int
    let length: Int
    let worker: WorkerID
  }

  private let settlement: Settlement
  private let thread: SettlingThread
  private var open: [Lease: Collection] = [:]
  private var complete: [Collection] = []
  /// Leases of what is complete, on the thread too.
  private var settling: Set<Lease> = []
  /// Of those on the thread, whose result nobody wants any more.
  private var abandoned: Set<Lease> = []
  /// Ended before it was complete.
  private var early: [Outcome] = []
  private var serial = 0

  /// Bytes of a piece, and how many are on their way at once.
  private static let chunkBytes = 256 << 10
  private static let window = 4
  /// Complete artifacts, and bytes of them in memory, that may wait for the disk.
  private static let waitingLimit = 1_024
  private static let heldLimitBytes = 64 << 20
  private var heldBytes = 0

  /// - Parameters:
  ///   - examine: called on the store's thread.
  ///   - waker: woken when outcomes are ready.
  init(
    directory: RunDirectory, examine: ((String, Receipt) throws -> Void)?, fault: FaultInjection?, waker: Waker
  ) {
    settlement = Settlement(directory: directory, examine: examine, fault: fault)
    thread = SettlingThread(waker: waker)
  }

  deinit { close() }

  private var directory: RunDirectory { settlement.directory }

  /// There are outcomes to take, or artifacts to settle, now.
  var isReady: Bool { !early.isEmpty || thread.isDone || (!complete.isEmpty && thread.isIdle) }

  /// The disk keeps up; otherwise nothing more should come in before the next outcomes.
  var hasRoom: Bool { complete.count < Self.waitingLimit }

  /// Begins to take what is complete to its final names, unless that is being done; a fault injection sees every step in
  /// its order, so it is waited for. Everything that the last outcomes led to must be done: an artifact that is not wanted
  /// any more must not take the place of the one that was accepted.
  func settle() {
    guard !complete.isEmpty, thread.isIdle else { return }
    // Two results of one item have one name: the second waits until it is decided about the first.
    var names: Set<String> = []
    let batch = complete.filter { names.insert($0.receipt.fileName).inserted }
    complete = batch.count == complete.count ? [] : complete.filter { one in !batch.contains { $0 === one } }
    heldBytes = complete.reduce(0) { $0 + ($1.contents?.count ?? 0) }
    thread.give(batch, to: settlement, waiting: settlement.fault != nil)
  }

  /// How collections ended since the last call.
  /// - Throws: only what the fault injection throws.
  func outcomes() throws -> [Outcome] {
    var outcomes = early
    early = []
    for outcome in try thread.take() {
      settling.remove(outcome.receipt.lease)
      if abandoned.remove(outcome.receipt.lease) == nil {
        outcomes.append(outcome)
      } else if case .stored(let receipt, _) = outcome {
        try? Directory.remove(directory.audioFile(receipt.fileName))
      }
    }
    return outcomes
  }

  /// Returns when the disk is left alone.
  func close() { thread.close() }

  /// Removes what an earlier process left behind.
  func removePartials() throws(FileFault) {
    for name in try Directory.names(in: directory.partial) { try Directory.remove(directory.partial + "/" + name) }
  }

  /// Begins a collection, or goes on with it.
  /// - Returns: pieces to ask for.
  func collect(_ receipt: Receipt, inline: Data?, from worker: WorkerID) -> [Wish] {
    let lease = receipt.lease
    if settling.contains(lease) {
      abandoned.remove(lease)
      return []
    }
    do throws(FileFault) {
      let collection: Collection
      if let known = open[lease], known.receipt == receipt {
        collection = known
        // What was asked for is lost where nothing came of it: begin again where the file ends.
        if collection.worker != worker || collection.received == collection.receivedWhenSaid {
          collection.asked = collection.received
        }
        collection.worker = worker
        collection.receivedWhenSaid = collection.received
      } else {
        try open.removeValue(forKey: lease)?.discard()
        serial += 1
        collection = Collection(receipt, from: worker, path: "\(directory.partial)/\(serial).part")
        open[lease] = collection
      }
      if let inline, collection.received == 0 { try take(inline, into: collection) }
      return finish(collection) ? [] : wishes(of: collection)
    } catch {
      fall(lease, receipt, from: worker, error)
      return []
    }
  }

  private func take(_ inline: Data, into collection: Collection) throws(FileFault) {
    guard inline.count >= collection.receipt.facts.bytes, heldBytes + inline.count <= Self.heldLimitBytes else {
      return try collection.add(inline)
    }
    heldBytes += inline.count
    collection.hold(inline)
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
    guard settling.contains(lease) else { return }
    if let index = complete.firstIndex(where: { $0.receipt.lease == lease }) {
      try? complete.remove(at: index).discard()
      settling.remove(lease)
    } else {
      abandoned.insert(lease)
    }
  }

  /// A result that is refused before a byte of it is taken.
  func reject(_ receipt: Receipt, reason: String, from worker: WorkerID) {
    early.append(.rejected(receipt, reason: reason, from: worker))
  }

  private func finish(_ collection: Collection) -> Bool {
    guard collection.received >= collection.receipt.facts.bytes else { return false }
    open[collection.receipt.lease] = nil
    complete.append(collection)
    settling.insert(collection.receipt.lease)
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
}
