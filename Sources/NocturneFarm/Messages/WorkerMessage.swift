package import Foundation
package import NocturneManifest

/// What a worker says to its coordinator.
package enum WorkerMessage: Hashable, Sendable {
  /// First message of a connection, and the answer to `CoordinatorMessage.register`.
  case hello(WorkerHello)
  /// From the heart thread, at the negotiated interval.
  case heartbeat(Heartbeat)
  /// The worker has room for this many more shards (credit; one renders, one is prefetched). 0: it wants none, whatever it
  /// finishes, until it speaks of room again.
  case ready(credit: Int)
  /// A finished artifact waits in the outbox. Small artifacts ride along as `inline` (the whole file).
  case finished(Receipt, inline: Data?)
  /// A piece of an artifact, the answer to `CoordinatorMessage.fetch`.
  case chunk(Lease, offset: Int, Data)
  /// The item could not be rendered.
  case failed(Lease, FailureClass, message: String)
  /// Leases handed back unrendered (drain, preemption), or asked for by a fetch and not in the outbox.
  case returned([Lease])
  /// Last message before a clean exit.
  case goodbye
}

/// What a worker is and what it holds.
package struct WorkerHello: Hashable, Sendable {
  package var protocolVersion: Int
  /// Version of the binary.
  package var build: String
  package var worker: WorkerID
  package var host: String
  package var processID: Int
  /// SHA-256 over configuration and weights, hexadecimal.
  package var modelFingerprint: String
  package var numericClass: String
  package var cores: Int
  package var memoryBytes: Int
  package var tags: [String]
  /// Leases it is rendering or has queued.
  package var holding: [Lease]
  /// Shards it can take now.
  package var credit: Int

  package init(
    protocolVersion: Int = farmProtocolVersion, build: String, worker: WorkerID, host: String, processID: Int,
    modelFingerprint: String, numericClass: String, cores: Int, memoryBytes: Int, tags: [String] = [],
    holding: [Lease] = [], credit: Int
  ) {
    self.protocolVersion = protocolVersion
    self.build = build
    self.worker = worker
    self.host = host
    self.processID = processID
    self.modelFingerprint = modelFingerprint
    self.numericClass = numericClass
    self.cores = cores
    self.memoryBytes = memoryBytes
    self.tags = tags
    self.holding = holding
    self.credit = credit
  }
}

/// Version of the messages; both sides must have the same.
package let farmProtocolVersion = 1

/// A sign of life.
package struct Heartbeat: Hashable, Sendable {
  /// Grows with every LM token, diffusion step or decoded chunk; a worker whose counter stands still has stalled.
  package var progress: UInt64
  /// What is being rendered now.
  package var executing: [Lease]

  package init(progress: UInt64, executing: [Lease]) {
    self.progress = progress
    self.executing = executing
  }
}

/// A finished, verified artifact in a worker's outbox, with everything its metadata line needs.
package struct Receipt: Hashable, Codable, Sendable {
  package var lease: Lease
  /// The coordinator may not know the item any more (or yet) when an outbox is replayed; the file name says where it goes.
  package var fileName: String
  package var facts: AudioFacts
  package var modelFingerprint: String
  package var numericClass: String
  package var worker: WorkerID
  /// Seconds per stage (`text`, `lm`, `dpd`, `vae`, `encode`).
  package var stageSeconds: [String: Double]
  /// Remarks for the metadata, such as `caption truncated to 256 tokens`.
  package var notes: [String]

  package init(
    lease: Lease, fileName: String, facts: AudioFacts, modelFingerprint: String, numericClass: String,
    worker: WorkerID, stageSeconds: [String: Double] = [:], notes: [String] = []
  ) {
    self.lease = lease
    self.fileName = fileName
    self.facts = facts
    self.modelFingerprint = modelFingerprint
    self.numericClass = numericClass
    self.worker = worker
    self.stageSeconds = stageSeconds
    self.notes = notes
  }
}
