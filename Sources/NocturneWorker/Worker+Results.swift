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
              run: run, receipt: receipt(of: artifact, for: item), contents: artifact.contents))
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
    let bytes = receipt.facts.bytes
    guard bytes <= min(options.inlineBytes, WireLimits.payloadBytes) else {
      return try send(.finished(receipt, inline: nil))
    }
    guard let inline = try read(receipt.lease, at: 0, length: bytes) else { return }
    guard inline.count == bytes else { return try forget(receipt.lease) }
    try send(.finished(receipt, inline: inline))
  }

  /// Bytes of an artifact; none when it is gone, nil when it cannot be read now: it is asked for again.
  private func read(_ lease: Lease, at offset: Int, length: Int) throws -> Data? {
    do {
      return try outbox.read(lease, at: offset, length: length) ?? Data()
    } catch let fault as FileFault {
      if fault.number == ENOENT { return Data() }
      notify("outbox: \(fault); trying again")
      return nil
    }
  }

  /// Somebody took the artifact away: the item is rendered again, here or elsewhere.
  private func forget(_ lease: Lease) throws {
    notify("outbox: the artifact of \(lease.item) is gone; handing the item back")
    try handle(.messageReceived(.revoke([lease])))
    try send(.returned([lease]))
  }

  func serve(_ lease: Lease, offset: Int, length: Int) throws {
    let length = min(length, WireLimits.payloadBytes)
    guard let data = try read(lease, at: offset, length: length) else { return }
    guard !data.isEmpty else { return try forget(lease) }
    try send(.chunk(lease, offset: offset, data))
  }
}
