import Foundation
import NocturneManifest

/// Results coming in.
extension CoordinatorState {
  /// A worker says that a result waits in its outbox.
  mutating func take(_ receipt: Receipt, inline: Data?, from worker: WorkerID, _ now: FarmInstant) {
    if settle(receipt, from: worker) { return }
    guard !phase.isOver else { return }
    guard let position = current(receipt.lease) else {
      return refuse(receipt, "the item was leased again since", from: worker)
    }
    if let modelFingerprint, receipt.modelFingerprint != modelFingerprint {
      return refuse(receipt, "made by model \(receipt.modelFingerprint.prefix(12))", from: worker)
    }
    if let collection = collections[position] {
      registered[collection.deliverer]?.delivering -= 1
    } else if items.records[position].phase == .waiting {
      resume(position, by: worker, shard: lastShard)
    } else {
      registered[worker]?.shortages = 0
      detach(position, now, finished: true)
    }
    registered[worker]?.delivering += 1
    registered[worker]?.progressedAt = now
    collections[position] = Collection(receipt: receipt, deliverer: worker, heardAt: now, isHeld: pausedUntil != nil)
    schedule(now + policy.liveness.graceSeconds)
    if pausedUntil == nil { emit(.collect(receipt, inline: inline, from: worker)) }
  }

  /// Answers a result of an item that is decided or unknown; false when there is something to decide.
  mutating func settle(_ receipt: Receipt, from worker: WorkerID) -> Bool {
    guard let position = items.position(of: receipt.lease.item) else {
      refuse(receipt, "the run has no such item", from: worker)
      return true
    }
    let record = items.records[position]
    switch record.phase {
    case .waiting, .leased: return false
    case .dead: refuse(receipt, "the item was given up", from: worker)
    case .done:
      if ArtifactDigest(hexadecimal: receipt.facts.sha256) == record.digest {
        send(.acknowledge([receipt.lease]), to: worker)
      } else {
        if (receipt.numericClass == numericClass) != record.isForeign {
          notify(.digestsDiffer(receipt.lease.item, worker: worker))
        }
        refuse(receipt, "another result was accepted", from: worker)
      }
    }
    return true
  }

  private mutating func refuse(_ receipt: Receipt, _ reason: String, from worker: WorkerID) {
    send(.revoke([receipt.lease]), to: worker)
    notify(.resultRefused(receipt.lease, worker: worker, reason: reason))
  }

  /// The artifact is durable and verified: from here on the item is done.
  mutating func accept(_ receipt: Receipt, from worker: WorkerID, _ now: FarmInstant) {
    guard !phase.isOver else { return }
    if settle(receipt, from: worker) { return }
    guard let position = current(receipt.lease) else {
      return refuse(receipt, "the item was leased again since", from: worker)
    }
    if items.records[position].phase == .waiting { resume(position, by: worker, shard: lastShard) }
    detach(position, now, finished: true)
    storageShortages = 0
    record(.done(receipt), at: position)
    emit(.publish(receipt))
    send(.acknowledge([receipt.lease]), to: worker)
  }

  /// The artifact is not what its receipt says, or not sound.
  mutating func reject(
    _ receipt: Receipt, reason: String, from worker: WorkerID, _ now: FarmInstant,
    _ random: inout some RandomNumberGenerator
  ) {
    guard !phase.isOver, let position = current(receipt.lease) else { return }
    guard items.records[position].phase == .leased else { return }
    registered[worker]?.failedItems += 1
    charge(position, .itemFault, reason, worker: receipt.worker, open: false, now, &random)
    send(.revoke([receipt.lease]), to: worker)
  }

  /// The worker could not render the item.
  mutating func fail(
    _ lease: Lease, _ failureClass: FailureClass, message: String, by worker: WorkerID, _ now: FarmInstant,
    _ random: inout some RandomNumberGenerator
  ) {
    guard let position = current(lease), items.records[position].phase == .leased, !phase.isOver else { return }
    registered[worker]?.progressedAt = now
    registered[worker]?.failedItems += 1
    switch failureClass {
    case .badItem: bury(position, .badItem, message, worker: worker, now)
    case .itemFault, .workerFault:
      registered[worker]?.shortages = 0
      charge(position, failureClass, message, worker: worker, open: false, now, &random)
    case .shortage: giveRoom(position, message: message, to: worker, now, &random)
    case .infrastructure, .preempted: free([position], failureClass, message, worker: worker, open: false, now)
    }
  }

  /// Leases handed back unrendered, or results that the worker turns out not to have.
  mutating func takeBack(_ leases: [Lease], from worker: WorkerID, _ now: FarmInstant) {
    let positions = leases.compactMap(current).filter { position in
      items.records[position].phase == .leased && collections[position].map { $0.deliverer == worker } ?? true
    }
    free(positions, .preempted, "handed back", worker: worker, open: false, now)
  }
}
