import NocturneManifest

/// All items by position (manifest order), with their counts, and the failures of those few that have any.
struct ItemTable: Sendable {
  private(set) var keys: [ItemKey] = []
  private(set) var records: [ItemRecord] = []
  private(set) var counts = ItemCounts()
  /// The distinct batch keys; records refer to them by index.
  private(set) var batches: [BatchKey] = []
  private var batchIndices: [BatchKey: UInt32] = [:]
  private var index = KeyIndex()
  /// By position; only items that failed since they were opened.
  private(set) var failures: [Int: FailureHistory] = [:]

  var count: Int { keys.count }

  func position(of key: ItemKey) -> Int? { index.position(of: key, in: keys) }

  /// A doubled key traps: the manifest validation reports it long before.
  mutating func append(_ entry: ItemEntry) {
    keys.append(entry.key)
    precondition(index.insertLast(of: keys), "ItemTable.append: \(entry.key) twice")
    let batch = batchIndices[entry.batch] ?? UInt32(batches.count)
    if batch == batches.count {
      batches.append(entry.batch)
      batchIndices[entry.batch] = batch
    }
    records.append(ItemRecord(batch: batch))
    counts.waiting += 1
  }

  /// Changes a record and keeps the counts.
  mutating func update(_ position: Int, _ change: (inout ItemRecord) -> Void) {
    counts[records[position].phase] -= 1
    change(&records[position])
    counts[records[position].phase] += 1
  }

  /// Carries a journaled transition out; used alike when it happens and when it is replayed, so that a restarted
  /// coordinator knows what its predecessor knew.
  mutating func apply(_ transition: Transition, at position: Int, runClass: String?) {
    switch transition.change {
    case .leased(let token, _, _):
      update(position) {
        $0.phase = .leased
        $0.attempt = Int32(clamping: transition.attempt)
        $0.token = token
      }
    case .done(let receipt):
      update(position) {
        $0.phase = .done
        $0.digest = ArtifactDigest(hexadecimal: receipt.facts.sha256) ?? .none
        $0.isForeign = runClass != nil && receipt.numericClass != runClass
        $0.tries = 0
        $0.shardLimit = 0
      }
      failures[position] = nil
    case .released(let release):
      update(position) {
        $0.phase = .waiting
        if !release.open { $0.token = 0 }
        if release.costsTry { $0.tries += 1 }
        if release.shardLimit > 0 { $0.shardLimit = Int16(clamping: release.shardLimit) }
      }
      if release.isFailure {
        failures[position, default: FailureHistory()].add(release.worker, hasPaid: release.costsTry)
      }
    case .died(.cancelled, _, _):
      update(position) {
        $0.phase = .cancelled
        $0.token = 0
      }
    case .died(let failureClass, _, let worker):
      update(position) {
        $0.phase = .dead
        $0.token = 0
      }
      failures[position, default: FailureHistory()].add(worker, hasPaid: true)
      failures[position]?.end = failureClass
    case .reopened:
      update(position) {
        $0.phase = .waiting
        $0.token = 0
        $0.digest = .none
        $0.tries = 0
        $0.shardLimit = 0
        $0.isForeign = false
      }
      failures[position] = nil
    }
  }
}

/// Who failed an item, in order, each once, and how that ended.
struct FailureHistory: Hashable, Sendable {
  private(set) var workers: [WorkerID] = []
  /// Those of them that had it alone on their hands.
  private(set) var payers: [WorkerID] = []
  /// Why the item is dead; nil while it is not.
  var end: FailureClass?

  mutating func add(_ worker: WorkerID?, hasPaid: Bool) {
    guard let worker else { return }
    if !workers.contains(worker) { workers.append(worker) }
    if hasPaid, !payers.contains(worker) { payers.append(worker) }
  }
}

extension ItemCounts {
  subscript(phase: ItemRecord.Phase) -> Int {
    get {
      switch phase {
      case .waiting: waiting
      case .leased: leased
      case .done: done
      case .dead: dead
      case .cancelled: cancelled
      }
    }
    set {
      switch phase {
      case .waiting: waiting = newValue
      case .leased: leased = newValue
      case .done: done = newValue
      case .dead: dead = newValue
      case .cancelled: cancelled = newValue
      }
    }
  }
}
