import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneTesting
import Synchronization

/// Makes bytes from seeds, as fast as the disk takes them.
struct FakeRenderer: Renderer {
  var modelFingerprint = testModel
  var numericClass = "fake"
  var bytes = 100
  var secondsPerItem = 0.0
  /// Rows that never succeed, and why.
  var faults: [String: RenderFault] = [:]
  /// Waited for before each shard.
  var gate: @Sendable () -> Void = {}
  let log = Log()

  final class Log: Sendable {
    private let keys = Mutex<[ItemKey]>([])
    private let sizes = Mutex<[Int]>([])
    func note(_ key: ItemKey) { keys.withLock { $0.append(key) } }
    func note(shardOf count: Int) { sizes.withLock { $0.append(count) } }
    var shards: [Int] { sizes.withLock { $0 } }
    var rendered: [ItemKey] { keys.withLock { $0 } }
  }

  static func contents(of item: Item, bytes: Int) -> Data {
    var random = SeededGenerator(seed: item.seed)
    var data = Data(capacity: bytes + 8)
    while data.count < bytes { withUnsafeBytes(of: random.next()) { data.append(contentsOf: $0) } }
    return data.prefix(bytes)
  }

  func render(
    _ items: [Item], progress: (UInt64) -> Bool,
    finished: (ItemKey, Result<RenderedArtifact, RenderFault>) -> Void
  ) {
    gate()
    log.note(shardOf: items.count)
    for item in items {
      guard progress(1) else { return }
      if secondsPerItem > 0 { Thread.sleep(forTimeInterval: secondsPerItem) }
      log.note(item.key)
      if let fault = faults[item.key.row] {
        finished(item.key, .failure(fault))
        continue
      }
      finished(item.key, .success(artifact(item)))
    }
  }

  func artifact(_ item: Item) -> RenderedArtifact {
    let contents = Self.contents(of: item, bytes: bytes)
    let facts = AudioFacts(
      sampleRate: 24_000, channels: 1, frames: 24_000, sha256: SHA256Digest.hexadecimal(of: contents), bytes: bytes,
      peakDBFS: -1, rmsDBFS: -20, integratedLUFS: nil)
    return RenderedArtifact(contents: contents, facts: facts, stageSeconds: ["lm": 0.25], notes: ["fake"])
  }
}
