import Crypto
import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire
import Synchronization

/// Renders nothing: a few bytes an item, so that what is measured is the farm. Notes how long it stood idle. May take its
/// time for an item, as a real renderer does, but no CPU.
final class NullRenderer: Renderer {
  let modelFingerprint = String(repeating: "0", count: 64)
  let numericClass = "null"
  private let itemSeconds: Double
  private let state = Mutex<(last: ContinuousClock.Instant?, gaps: [Double])>((nil, []))

  init(itemSeconds: Double = 0) { self.itemSeconds = itemSeconds }

  /// Seconds between the end of one call and the beginning of the next.
  var gaps: [Double] { state.withLock { $0.gaps } }

  func render(
    _ items: [Item], progress: (UInt64) -> Bool,
    finished: (ItemKey, Result<RenderedArtifact, RenderFault>) -> Void
  ) {
    let clock = ContinuousClock()
    state.withLock { state in
      if let last = state.last { state.gaps.append(last.duration(to: clock.now).seconds) }
    }
    for item in items {
      guard progress(1) else { return }
      if itemSeconds > 0 { Thread.sleep(forTimeInterval: itemSeconds) }
      finished(item.key, .success(Self.artifact(of: item)))
    }
    state.withLock { $0.last = clock.now }
  }

  static func artifact(of item: Item) -> RenderedArtifact {
    let data = Data("no audio: \(item.key) seed \(item.seed)\n".utf8)
    let facts = AudioFacts(
      sampleRate: 24_000, channels: 1, frames: Int(item.spec.seconds * 24_000),
      sha256: hexadecimal(SHA256.hash(data: data)), bytes: data.count, peakDBFS: 0, rmsDBFS: 0, integratedLUFS: nil)
    return RenderedArtifact(contents: data, facts: facts)
  }
}
