import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

extension Coordinator {
  /// Commits every record that the queued instructions contain, writes the lines that follow from them, then carries
  /// out the rest in order. What the state adds meanwhile waits for the next commit.
  func perform() throws {
    guard !queue.isEmpty else { return }
    let instructions = queue
    queue = []
    guard try commit(instructions) else { return }
    try writeLines(instructions)
    if state.isClosing, !isClosing {
      isClosing = true
      observer(.closing)
    }
    for instruction in instructions {
      if case .send(.acknowledge(let leases), let worker) = instruction {
        acknowledged[worker, default: []] += leases
      } else {
        // What is said to a worker after an acknowledgement comes after it.
        if instruction.isMessage { try acknowledge() }
        try perform(instruction)
      }
    }
    try acknowledge()
    if instructions.contains(where: \.isAcknowledgement) { try options.fault?(.acknowledged) }
  }

  /// False when the run was told to stop while the disk refused: then nothing of it happened.
  private func commit(_ instructions: [CoordinatorInstruction]) throws -> Bool {
    for case .recordPause(let isPaused) in instructions {
      guard try persist({ try journal.commit(paused: isPaused) }) else { return false }
    }
    for case .recordListening(let seconds) in instructions {
      guard try persist({ try journal.noteListening(seconds) }) else { return false }
    }
    var records: [Transition] = []
    for case .record(let transitions) in instructions { records += transitions }
    guard !records.isEmpty else { return true }
    let finishes = records.contains { if case .done = $0.change { true } else { false } }
    let isCommitted = try persist {
      if finishes { try options.fault?(.beforeCommit) }
      try journal.commit(records)
    }
    if isCommitted, finishes { try options.fault?(.committed) }
    return isCommitted
  }

  /// Tries until the disk has room again, handling no event meanwhile.
  func persist(_ body: () throws -> Void) throws -> Bool {
    var pause = options.policy.shortage.seconds
    while true {
      do {
        try body()
        return true
      } catch {
        guard error.isShortage else { throw error }
        observer(.storageRefused(message: "\(error)", retrySeconds: pause))
        let end = FarmInstant.now + pause
        while stop.count == 0, end > .now { _ = stop.waker.wait(seconds: end.seconds(since: .now)) }
        if stop.count > 0 {
          verdict = Verdict(outcome: .stopped, counts: state.counts)
          return false
        }
        pause = min(2 * pause, options.policy.shortage.limitSeconds)
      }
    }
  }

  /// Lines of items that are open again go first, so that a line of the same item written now stays.
  private func writeLines(_ instructions: [CoordinatorInstruction]) throws {
    var retracted: [ItemKey] = []
    var done: [UInt8] = []
    var dead: [UInt8] = []
    var published: [Receipt] = []
    for instruction in instructions {
      switch instruction {
      case .retract(let key): retracted.append(key)
      case .publish(let receipt):
        guard let item = try sources.item(receipt.lease.item) else { continue }
        done += MetadataLine.bytes(item, receipt)
        published.append(receipt)
      case .report(let item): dead += ErrorLine.bytes(item)
      default: break
      }
    }
    if !retracted.isEmpty { _ = try persist { try retract(Set(retracted)) } }
    if !done.isEmpty {
      _ = try persist { try metadata.append(done) }
      try options.fault?(.published)
    }
    if !dead.isEmpty { _ = try persist { try errors.append(dead) } }
    if modelFingerprint == nil, let receipt = published.first {
      modelFingerprint = receipt.modelFingerprint
      _ = try persist { try journal.note(receipt.modelFingerprint) }
    }
    for receipt in published { observer(.itemDone(receipt)) }
  }

  private func retract(_ keys: Set<ItemKey>) throws {
    for key in keys {
      if let item = try sources.item(key) { try Directory.remove(directory.audioFile(item.fileName)) }
    }
    func isRetracted(_ line: [UInt8]) -> Bool { RecordLine(line).map { keys.contains($0.key) } ?? true }
    try metadata.remove(where: isRetracted)
    try errors.remove { line in RecordLine(line).map { keys.contains($0.key) } ?? false }
  }

  /// One message for all that a worker delivered.
  private func acknowledge() throws {
    for (worker, leases) in acknowledged { _ = try link.send(.acknowledge(leases), to: worker) }
    acknowledged = [:]
  }

  private func perform(_ instruction: CoordinatorInstruction) throws {
    switch instruction {
    case .record, .recordPause, .recordListening, .publish, .retract: break  // Done for all together.
    case .report(let item): observer(.itemDied(item))
    case .grant(let grant, let worker): try deliver(grant, to: worker)
    case .send(let message, let worker): _ = try link.send(message, to: worker)
    case .collect(let receipt, let inline, let worker): try collect(receipt, inline: inline, from: worker)
    case .abandon(let lease): store.abandon(lease)
    case .answer(let answer, let ticket): desk?.reply(.answer(answer), to: ticket)
    case .notify(let notice): observer(.notice(notice))
    case .wake(let instant): wake = instant
    case .finish(let verdict): self.verdict = verdict
    }
  }

  private func deliver(_ grant: ShardGrant, to worker: WorkerID) throws {
    var leased: [LeasedItem] = []
    leased.reserveCapacity(grant.leases.count)
    var bytes = 0
    for (lease, position) in zip(grant.leases, grant.positions) {
      let item = try items.item(at: position)
      bytes += item.caption.utf8.count + Self.grantedItemBytes
      // One alone always fits: a manifest's row is shorter than any message may be.
      if bytes > options.grantBytes, !leased.isEmpty { break }
      leased.append(LeasedItem(lease: lease, item: item))
    }
    if try !link.send(.grant(Shard(id: grant.id, items: leased)), to: worker) {
      handle(.grantUndelivered(shard: grant.id, to: worker))
    } else if leased.count < grant.leases.count {
      handle(.grantCut(Array(grant.leases.dropFirst(leased.count)), from: worker))
    }
  }

  private func collect(_ receipt: Receipt, inline: Data?, from worker: WorkerID) throws {
    // The name comes from outside; it must be the one that we would give.
    guard let item = try sources.item(receipt.lease.item), item.fileName == receipt.fileName else {
      return store.reject(receipt, reason: "the receipt names the file \(receipt.fileName)", from: worker)
    }
    guard receipt.facts.bytes <= Self.largestArtifact(item.spec.seconds) else {
      return store.reject(receipt, reason: "the artifact has \(receipt.facts.bytes) bytes, too many", from: worker)
    }
    try send(store.collect(receipt, inline: inline, from: worker))
  }

  /// What a granted item takes beside its caption, at most: its id and its file name, of 255 bytes each, and numbers.
  private static let grantedItemBytes = 1 << 10

  /// Nobody fills the disk with one clip: twenty times what a clip of this length takes, in bytes.
  private static func largestArtifact(_ seconds: Double) -> Int { Int((1 + seconds) * 2_000_000) }
}

extension CoordinatorInstruction {
  fileprivate var isAcknowledgement: Bool {
    if case .send(.acknowledge, _) = self { true } else { false }
  }

  fileprivate var isMessage: Bool {
    switch self {
    case .send, .grant: true
    default: false
    }
  }
}

extension Error {
  /// Waiting may help: the disk is full.
  fileprivate var isShortage: Bool {
    (self as? JournalFault)?.isShortage ?? (self as? FileFault)?.isShortage ?? false
  }
}
