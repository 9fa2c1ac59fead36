import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

/// Messages with every field set.
enum FuzzSamples {
  static let worker = WorkerID("node7-4711-c0ffee")
  static let lease = Lease(item: ItemKey(row: "-0Gj8-vB1q4", take: 3), attempt: 7, token: 0xfeed_beef_dead_cafe)
  static let contents = Data("no audio at all".utf8)

  static let receipt = Receipt(
    lease: lease, fileName: "-0Gj8-vB1q4-t3.flac",
    facts: AudioFacts(
      sampleRate: 24_000, channels: 1, frames: 240_000, sha256: sha256(contents), bytes: contents.count,
      peakDBFS: -0.5, rmsDBFS: -18.25, integratedLUFS: -16.125),
    modelFingerprint: String(repeating: "ab", count: 32), numericClass: "cpu/avx512/bf16", worker: worker,
    stageSeconds: ["lm": 1.5, "dpd": 2.25], notes: ["caption truncated to 256 tokens"])

  static let item = Item(
    key: lease.item, caption: "A slow piano,\nrain on the window",
    spec: RenderSpec(steps: 50, guidance: 1.5, seconds: 7.5, schedule: .uniform, format: .wav), seed: (1 << 53) - 1,
    fileName: "-0Gj8-vB1q4-t3.wav", extra: ["mood": "calm"])

  static let workerMessages: [WorkerMessage] = [
    .hello(
      WorkerHello(
        build: "1.0", worker: worker, host: "node7", processID: 4711, modelFingerprint: "ab",
        numericClass: "cpu/avx512/bf16", cores: 96, memoryBytes: 1 << 37, tags: ["gpu", "night"], holding: [lease],
        credit: 2)),
    .heartbeat(Heartbeat(progress: .max, executing: [lease])), .ready(credit: 2), .finished(receipt, inline: contents),
    .finished(receipt, inline: nil), .chunk(lease, offset: 1 << 33, contents),
    .failed(lease, .itemFault, message: "the decoder ran out of notes"), .returned([lease, lease]), .goodbye,
  ]

  static let coordinatorMessages: [CoordinatorMessage] = [
    .welcome(run: "night-1", heartbeatSeconds: 2, timeoutSeconds: 20), .refused(reason: "another model"), .register,
    .grant(Shard(id: 9, items: [LeasedItem(lease: lease, item: item)])), .fetch(lease, offset: 1 << 33, length: 9),
    .acknowledge([lease]), .revoke([lease]), .heartbeat, .drain, .finished,
  ]

  /// The life of an item, with every kind of transition.
  static let transitions: [Transition] = [
    Transition(item: lease.item, attempt: 1, change: .leased(token: .max, worker: worker, shard: 1)),
    Transition(
      item: lease.item, attempt: 1,
      change: .released(
        Release(failureClass: .itemFault, message: "no", worker: worker, costsTry: true, open: true, delaySeconds: 1.5))
    ),
    Transition(item: lease.item, attempt: 2, change: .died(.itemFault, message: "given up", worker: nil)),
    Transition(item: lease.item, attempt: 2, change: .reopened(reason: "asked")),
    Transition(item: lease.item, attempt: 3, change: .leased(token: 8, worker: worker, shard: 3)),
    Transition(item: lease.item, attempt: 3, change: .done(receipt)),
    Transition(item: ItemKey(row: "b", take: 1), attempt: 1, change: .leased(token: 1, worker: worker, shard: 4)),
    Transition(item: ItemKey(row: "b", take: 1), attempt: 1, change: .died(.badItem, message: "bad", worker: worker)),
  ]
}
