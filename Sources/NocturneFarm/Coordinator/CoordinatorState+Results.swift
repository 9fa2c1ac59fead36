import Foundation
import NocturneManifest

/// Results coming in.
extension CoordinatorState {
  /// A worker says that a result waits in its outbox.
  mutating func take(_ receipt: Receipt, inline: Data?, from worker: WorkerID, _ now: FarmInstant) {
    if endProbe(receipt, from: worker, now) || settle(receipt, from: worker, now) { return }
    guard !phase.isOver else { return }
    guard let position = current(receipt.lease) else {
      return refuse(receipt, "the item was leased again since", from: worker)
    }
    if let modelFingerprint, receipt.modelFingerprint != modelFingerprint {
      return refuse(receipt, "made by model \(receipt.modelFingerprint.prefix(12))", from: worker)
    }
    if let collection = collections[position] {
      if differ(receipt, from: worker, collection.receipt, from: collection.deliverer, now) { return }
      registered[collection.deliverer]?.delivering -= 1
    } else if items.records[position].phase == .waiting {
      resume(position, by: worker, shard: lastShard)
    } else {
      registered[worker]?.shortages = 0
      renewOrphan(position, by: worker)
      let renderers = hedges[position].map { [$0, holders[position] ?? $0] } ?? []
      detach(position, now, finishedBy: worker)
      // The first result wins.
      for late in renderers where late != worker { send(.revoke([receipt.lease]), to: late) }
    }
    registered[worker]?.delivering += 1
    registered[worker]?.progressedAt = now
    collections[position] = Collection(receipt: receipt, deliverer: worker, heardAt: now, isHeld: pausedUntil != nil)
    schedule(now + policy.liveness.graceSeconds)
    if pausedUntil == nil { emit(.collect(receipt, inline: inline, from: worker)) }
  }

  /// A piece of a result came. Behind it on a slow line are its worker's other words, that more is finished among them.
  mutating func noteArrival(of lease: Lease, from worker: WorkerID, _ now: FarmInstant) {
    registered[worker]?.idleSince = nil
    guard let position = current(lease), collections[position]?.deliverer == worker else { return }
    collections[position]?.heardAt = now
  }

  /// Answers a result of an item that is decided or unknown; false when there is something to decide.
  mutating func settle(_ receipt: Receipt, from worker: WorkerID, _ now: FarmInstant) -> Bool {
    guard let position = items.position(of: receipt.lease.item) else {
      refuse(receipt, "the run has no such item", from: worker)
      return true
    }
    let record = items.records[position]
    switch record.phase {
    case .waiting, .leased: return false
    case .dead: refuse(receipt, "the item was given up", from: worker)
    case .cancelled: refuse(receipt, "the item was cancelled", from: worker)
    case .done:
      if ArtifactDigest(hexadecimal: receipt.facts.sha256) == record.digest {
        send(.acknowledge([receipt.lease]), to: worker)
      } else {
        if (receipt.numericClass == numericClass) != record.isForeign {
          doubt(receipt, accepted: acceptors[position], now)
        }
        refuse(receipt, "another result was accepted", from: worker)
      }
    }
    return true
  }

  mutating func refuse(_ receipt: Receipt, _ reason: String, from worker: WorkerID) {
    send(.revoke([receipt.lease]), to: worker)
    notify(.resultRefused(receipt.lease, worker: worker, reason: reason))
  }

  /// The artifact is durable and verified: from here on the item is done.
  mutating func accept(_ receipt: Receipt, from worker: WorkerID, _ now: FarmInstant) {
    guard !phase.isOver else { return }
    if settle(receipt, from: worker, now) { return }
    guard let position = current(receipt.lease) else {
      return refuse(receipt, "the item was leased again since", from: worker)
    }
    if items.records[position].phase == .waiting { resume(position, by: worker, shard: lastShard) }
    detach(position, now, finishedBy: worker)
    storageShortages = 0
    let failed = items.failures[position]?.payers ?? []
    record(.done(receipt), at: position)
    praise(receipt, at: position, failedBy: failed, now)
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
    settle(position, .itemFault, reason, worker: receipt.worker, open: false, now, &random)
    send(.revoke([receipt.lease]), to: worker)
    noteFailure(by: receipt.worker, now, &random)
  }

  /// The worker could not render the item.
  mutating func fail(
    _ lease: Lease, _ failureClass: FailureClass, message: String, by worker: WorkerID, _ now: FarmInstant,
    _ random: inout some RandomNumberGenerator
  ) {
    if failProbe(lease, message: message, by: worker, now) { return }
    guard let position = current(lease), items.records[position].phase == .leased, !phase.isOver else { return }
    guard isWith(worker, position) else { return }
    registered[worker]?.progressedAt = now
    registered[worker]?.failedItems += 1
    switch failureClass {
    case .shortage: giveRoom(position, message: message, to: worker, now, &random)
    case .itemFault, .workerFault:
      registered[worker]?.shortages = 0
      if !withdraw(position, from: worker, now) {
        settle(position, failureClass, message, worker: worker, open: false, now, &random)
      }
      noteFailure(by: worker, now, &random)
    case .badItem, .infrastructure, .preempted, .cancelled:
      settle(position, failureClass, message, worker: worker, open: false, now, &random)
    }
  }

  /// Whether a worker has a leased item, or may have it: what one says that lost it since must not take it from another,
  /// who has it under the same lease.
  private func isWith(_ worker: WorkerID, _ position: Int) -> Bool {
    if let collection = collections[position] { return collection.deliverer == worker }
    return holders[position] == worker || hedges[position] == worker || orphans[position] != nil
  }

  /// Leases handed back unrendered, or results that the worker turns out not to have.
  mutating func takeBack(_ leases: [Lease], from worker: WorkerID, _ now: FarmInstant) {
    for lease in leases { _ = failProbe(lease, message: "handed back", by: worker, now) }
    let positions = leases.compactMap(current).filter { position in
      items.records[position].phase == .leased && isWith(worker, position)
    }
    free(positions, .preempted, "handed back", worker: worker, open: false, now)
    // Nothing more until it speaks of room again: it may be on its way home, and would hand that back as well.
    registered[worker]?.credit = 0
  }
}
