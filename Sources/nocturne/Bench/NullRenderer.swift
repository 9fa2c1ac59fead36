import Crypto
import Foundation
import NocturneFarm
import NocturneManifest
import Synchronization

/// Renders nothing: a few bytes an item, so that what is measured is the farm. Notes how long it stood idle.
final class NullRenderer: Renderer {
  let modelFingerprint = String(repeating: "0", count: 64)
  let numericClass = "null"
  private let state = Mutex<(last: ContinuousClock.Instant?, gaps: [Double])>((nil, []))

  /// Seconds between the end of one call and the beginning of the next.
  var gaps: [Double] { state.withLock { $0.gaps } }

  func render(
    _ items: [Item], into directory: URL, progress: (UInt64) -> Bool,
    finished: (ItemKey, Result<RenderedArtifact, RenderFault>) -> Void
  ) {
    let clock = ContinuousClock()
    state.withLock { state in
      if let last = state.last { state.gaps.append(last.duration(to: clock.now).seconds) }
    }
    for item in items {
      let data = Data("no audio: \(item.key) seed \(item.seed)\n".utf8)
      let file = directory.appending(path: item.fileName)
      guard progress(1) else { return }
      do {
        try data.write(to: file)
        let facts = AudioFacts(
          sampleRate: 24_000, channels: 1, frames: Int(item.spec.seconds * 24_000),
          sha256: Self.hexadecimal(SHA256.hash(data: data)), bytes: data.count, peakDBFS: 0, rmsDBFS: 0,
          integratedLUFS: nil)
        finished(item.key, .success(RenderedArtifact(file: file, facts: facts)))
      } catch {
        finished(item.key, .failure(RenderFault(.shortage, "\(error)")))
      }
    }
    state.withLock { $0.last = clock.now }
  }

  private static func hexadecimal(_ digest: SHA256.Digest) -> String {
    digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
