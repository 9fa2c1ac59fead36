package import Foundation
package import NocturneFarm
package import NocturneManifest
import Synchronization

/// A renderer without a model: a few bytes that depend on the item's seed and caption only, or the trouble it was told
/// to make.
package final class FakeRenderer: Renderer {
  /// What becomes of an item.
  package enum Behaviour: Hashable, Sendable {
    case render
    case fail(RenderFault)
    /// Fails so many times in this process, then renders.
    case failFirst(Int, RenderFault)
    /// Makes no progress until it is called off.
    case hang
    /// Makes other bytes than the facts say.
    case damage
  }

  package static let fingerprint = String(repeating: "fa", count: 32)
  package static let numericClass = "fake-f32"

  package let modelFingerprint: String
  package let numericClass: String
  /// Of one item; the thread sleeps for it, in steps that report progress.
  package let secondsPerItem: Double
  private let behaviours: [ItemKey: Behaviour]
  private let counts = Mutex<[ItemKey: Int]>([:])

  package init(
    modelFingerprint: String = FakeRenderer.fingerprint, numericClass: String = FakeRenderer.numericClass,
    secondsPerItem: Double = 0, behaviours: [ItemKey: Behaviour] = [:]
  ) {
    self.modelFingerprint = modelFingerprint
    self.numericClass = numericClass
    self.secondsPerItem = secondsPerItem
    self.behaviours = behaviours
  }

  /// How often each item was begun.
  package var begun: [ItemKey: Int] { counts.withLock { $0 } }

  package static func bytes(of item: Item) -> Data {
    Data("nocturne fake audio \(item.key) seed \(item.seed) \(item.caption)\n".utf8)
  }

  package static func facts(of item: Item) -> AudioFacts {
    let data = bytes(of: item)
    return AudioFacts(
      sampleRate: 24_000, channels: 1, frames: Int(item.spec.seconds * 24_000),
      sha256: SHA256Digest.hexadecimal(of: data),
      bytes: data.count, peakDBFS: -3, rmsDBFS: -18, integratedLUFS: -16)
  }

  package func render(
    _ items: [Item], progress: (UInt64) -> Bool,
    finished: (ItemKey, Result<RenderedArtifact, RenderFault>) -> Void
  ) {
    for item in items {
      let times = counts.withLock { counts in
        counts[item.key, default: 0] += 1
        return counts[item.key] ?? 1
      }
      guard pass(secondsPerItem, progress) else { return }
      switch behaviours[item.key] ?? .render {
      case .render: finished(item.key, artifact(item))
      case .damage: finished(item.key, artifact(item, contents: Data("damaged".utf8)))
      case .fail(let fault): finished(item.key, .failure(fault))
      case .failFirst(let count, let fault):
        finished(item.key, times <= count ? .failure(fault) : artifact(item))
      case .hang:
        while progress(0) { Thread.sleep(forTimeInterval: 0.005) }
        return
      }
    }
  }

  /// Lets time go by with progress; false when it was called off.
  private func pass(_ seconds: Double, _ progress: (UInt64) -> Bool) -> Bool {
    var left = seconds
    while left > 0 {
      Thread.sleep(forTimeInterval: min(left, 0.01))
      left -= 0.01
      if !progress(1) { return false }
    }
    return progress(1)
  }

  private func artifact(_ item: Item, contents: Data? = nil) -> Result<RenderedArtifact, RenderFault> {
    .success(RenderedArtifact(contents: contents ?? Self.bytes(of: item), facts: Self.facts(of: item)))
  }
}
