package import Foundation
package import NocturneFarm
import NocturneManifest

extension Receipt {
  /// As it travels, and as it is kept in an outbox.
  package var serialized: Data { NocturneWire.serialized(Nocturne_Wire_Receipt(self)) }

  /// Believes nothing.
  /// - Throws: `WireFault`.
  package init(serialized data: Data) throws(WireFault) {
    let message: Nocturne_Wire_Receipt = try parsed(data)
    self = try message.receipt()
  }
}

extension Nocturne_Wire_Receipt {
  init(_ receipt: Receipt) {
    self.init()
    lease = Nocturne_Wire_LeaseFence(receipt.lease)
    fileName = receipt.fileName
    facts = Nocturne_Wire_Facts(receipt.facts)
    modelFingerprint = label(receipt.modelFingerprint)
    numericClass = label(receipt.numericClass)
    worker = receipt.worker.name
    stageSeconds = receipt.stageSeconds
    notes = receipt.notes.prefix(WireLimits.listEntries).map(remark)
  }

  func receipt() throws(WireFault) -> Receipt {
    guard isWorkerName(worker.utf8) else { throw .value }
    try checkedCount(stageSeconds.count, limit: WireLimits.listEntries)
    try checkedCount(notes.count, limit: WireLimits.listEntries)
    for (stage, seconds) in stageSeconds {
      _ = try checkedLabel(stage)
      _ = try checkedFinite(seconds)
    }
    return Receipt(
      lease: try lease.lease(),
      fileName: try checkedFileName(fileName),
      facts: try facts.facts(),
      modelFingerprint: try checkedLabel(modelFingerprint),
      numericClass: try checkedLabel(numericClass),
      worker: WorkerID(worker),
      stageSeconds: stageSeconds,
      notes: notes.map(remark))
  }
}

extension Nocturne_Wire_Facts {
  init(_ facts: AudioFacts) {
    self.init()
    sampleRate = UInt32(clamping: facts.sampleRate)
    channels = UInt32(clamping: facts.channels)
    frames = UInt64(clamping: facts.frames)
    sha256 = digest(hexadecimal: facts.sha256) ?? Data()
    bytes = UInt64(clamping: facts.bytes)
    peakDbfs = facts.peakDBFS
    rmsDbfs = facts.rmsDBFS
    if let loudness = facts.integratedLUFS { integratedLufs = loudness }
  }

  func facts() throws(WireFault) -> AudioFacts {
    guard sha256.count == 32 else { throw .value }
    return AudioFacts(
      sampleRate: try checkedInt(sampleRate, in: 1...Int(Int32.max)),
      channels: try checkedInt(channels, in: 1...WireLimits.nameBytes),
      frames: try checkedInt(frames, in: 0...WireLimits.artifactBytes),
      sha256: hexadecimal(sha256),
      bytes: try checkedInt(bytes, in: 0...WireLimits.artifactBytes),
      peakDBFS: try checkedFinite(peakDbfs),
      rmsDBFS: try checkedFinite(rmsDbfs),
      integratedLUFS: hasIntegratedLufs ? try checkedFinite(integratedLufs) : nil)
  }
}
