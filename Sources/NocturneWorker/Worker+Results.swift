import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

extension Worker {
  /// Takes in what the render thread reported: results go to the outbox together, and only then count as finished.
  func absorb(_ reports: [RenderReport]) throws {
    var batch: [OutboxDirectory.Arrival] = []
    for report in reports {
      if case .finished(let item, let run, let artifact) = report {
        if let fault = Self.fault(of: artifact) {
          try handle(.itemFailed(item.lease, fault))
        } else {
          batch.append(
            OutboxDirectory.Arrival(
              run: run, receipt: receipt(of: artifact, for: item), file: artifact.file.path))
          if batch.count == Self.batchLimit { try store(&batch) }
        }
        continue
      }
      // Everything in its order: a shard has ended only when its results are safe.
      try store(&batch)
      switch report {
      case .failed(let lease, let fault): try handle(.itemFailed(lease, fault))
      case .ended(let shard): try handle(.shardEnded(shard))
      case .finished: break
      }
    }
    try store(&batch)
  }

  /// Two open files for each artifact.
  private static let batchLimit = 64

  private func store(_ batch: inout [OutboxDirectory.Arrival]) throws {
    guard !batch.isEmpty else { return }
    let arrivals = batch
    batch = []
    for (arrival, fault) in zip(arrivals, outbox.store(arrivals)) {
      if let fault {
        // Not the item's doing, whatever it is: the worker pauses and says so.
        try handle(.itemFailed(arrival.receipt.lease, RenderFault(.shortage, "outbox: \(fault)")))
      } else {
        try handle(.itemFinished(arrival.receipt))
      }
    }
  }

  private func receipt(of artifact: RenderedArtifact, for item: LeasedItem) -> Receipt {
    Receipt(
      lease: item.lease, fileName: item.item.fileName, facts: artifact.facts,
      modelFingerprint: card.modelFingerprint, numericClass: card.numericClass, worker: card.worker,
      stageSeconds: artifact.stageSeconds, notes: artifact.notes)
  }

  /// Numbers that neither the wire nor JSON carries mean that nobody should hear this clip.
  private static func fault(of artifact: RenderedArtifact) -> RenderFault? {
    let facts = artifact.facts
    let numbers = [facts.peakDBFS, facts.rmsDBFS, facts.integratedLUFS ?? 0] + artifact.stageSeconds.values
    if numbers.allSatisfy(\.isFinite) { return nil }
    return RenderFault(
      .itemFault, "the artifact has no finite level: peak \(facts.peakDBFS) dBFS, rms \(facts.rmsDBFS) dBFS")
  }

  func deliver(_ receipt: Receipt) throws {
    guard outbox.size(receipt.lease) == receipt.facts.bytes else { return try forget(receipt.lease) }
    var inline: Data?
    if receipt.facts.bytes <= min(options.inlineBytes, WireLimits.payloadBytes) {
      inline = try? outbox.read(receipt.lease, at: 0, length: receipt.facts.bytes)
      if inline?.count != receipt.facts.bytes { inline = nil }
    }
    try send(.finished(receipt, inline: inline))
  }

  /// Somebody took the artifact away: the item is rendered again, here or elsewhere.
  private func forget(_ lease: Lease) throws {
    notify("outbox: the artifact of \(lease.item) is gone; handing the item back")
    try handle(.messageReceived(.revoke([lease])))
    try send(.returned([lease]))
  }

  func serve(_ lease: Lease, offset: Int, length: Int) throws {
    let length = min(length, WireLimits.payloadBytes)
    guard let data = try? outbox.read(lease, at: offset, length: length), !data.isEmpty else {
      return try forget(lease)
    }
    try send(.chunk(lease, offset: offset, data))
  }
}
