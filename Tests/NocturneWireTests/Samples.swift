import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

/// Messages with every field set to something that a default would not explain.
enum Samples {
  static let worker = WorkerID("node7-4711-c0ffee")
  static let lease = Lease(item: ItemKey(row: "-0Gj8-vB1q4", take: 3), attempt: 7, token: 0xfeed_beef_dead_cafe)
  static let second = Lease(item: ItemKey(row: "ünïcode row", take: 1), attempt: 1, token: .max)

  static let hello = WorkerHello(
    build: "1.0", worker: worker, host: "node7", processID: 4711, modelFingerprint: String(repeating: "ab", count: 32),
    numericClass: "cpu/avx512/bf16", cores: 96, memoryBytes: 1 << 37, tags: ["gpu", "night"],
    holding: [lease, second], credit: 2)

  static let facts = AudioFacts(
    sampleRate: 24_000, channels: 1, frames: 240_000, sha256: String(repeating: "0f", count: 32), bytes: 5,
    peakDBFS: -0.5, rmsDBFS: -18.25, integratedLUFS: -16.125)

  static var receipt: Receipt {
    Receipt(
      lease: lease, fileName: "-0Gj8-vB1q4-t3.flac", facts: facts, modelFingerprint: "m", numericClass: "c",
      worker: worker, stageSeconds: ["lm": 1.5, "dpd": 2.25], notes: ["caption truncated to 256 tokens"])
  }

  static var quietReceipt: Receipt {
    var receipt = receipt
    receipt.facts.integratedLUFS = nil
    receipt.notes = []
    receipt.stageSeconds = [:]
    return receipt
  }

  static let item = Item(
    key: lease.item, caption: "A slow piano,\nrain on the window",
    spec: RenderSpec(
      steps: 50, guidance: 1.5, seconds: 7.5, schedule: .uniform, format: .wav),
    seed: (1 << 53) - 1, fileName: "-0Gj8-vB1q4-t3.wav")

  static var workerMessages: [WorkerMessage] {
    [
      .hello(hello), .heartbeat(Heartbeat(progress: .max, executing: [lease])), .ready(credit: 2),
      .finished(receipt, inline: Data([1, 2, 3, 4, 5])), .finished(quietReceipt, inline: nil),
      .chunk(lease, offset: 1 << 33, Data(repeating: 9, count: 1000)), .chunk(second, offset: 0, Data()),
      .failed(second, .itemFault, message: "the decoder ran out of notes"), .returned([lease, second]), .goodbye,
    ]
  }

  static var coordinatorMessages: [CoordinatorMessage] {
    [
      .welcome(run: "night-1", heartbeatSeconds: 2, timeoutSeconds: 20), .refused(reason: "another model"), .register,
      .grant(Shard(id: .max, items: [LeasedItem(lease: lease, item: item)])),
      .fetch(lease, offset: 1 << 33, length: WireLimits.payloadBytes), .acknowledge([lease]), .revoke([second]),
      .heartbeat, .drain, .finished,
    ]
  }
}
