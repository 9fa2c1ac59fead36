import Foundation
import NocturneCPU
import NocturneFarm
import NocturneManifest
import NocturneRender
import NocturneWire

/// Renders tones that pass every inspection, each item's its own, in milliseconds.
final class DrillRenderer: Renderer {
  let modelFingerprint = Drill.fingerprint
  let numericClass = "drill"
  /// Open for appending, for as long as the process lives.
  private let log: Int32

  /// - Throws: `FileFault` when the log cannot be written.
  init(log path: String) throws(FileFault) {
    log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard log >= 0 else { throw FileFault("open", path) }
  }

  func render(
    _ items: [Item], progress: (UInt64) -> Bool,
    finished: (ItemKey, Result<RenderedArtifact, RenderFault>) -> Void
  ) {
    note("begin", items.map(\.key))
    for item in items {
      guard progress(1) else { return }
      if case .sick = Drill.mood {
        finished(item.key, .failure(RenderFault(.itemFault, "this renderer is sick")))
        continue
      }
      if case .vast = Drill.mood { _ = CPUBackend(threads: 1).allocate(count: 1 << 50) }
      if case .slow(let seconds) = Drill.mood {
        let end = Date(timeIntervalSinceNow: seconds)
        while Date() < end {
          usleep(20_000)
          guard progress(1) else { return }
        }
      }
      do {
        let artifact = try Self.tone(of: item)
        note("rendered", [item.key])
        finished(item.key, .success(artifact))
      } catch {
        finished(item.key, .failure(RenderFault(.itemFault, "\(error)")))
      }
    }
  }

  /// One write for each line, at the end of the file: lines of several processes do not mix.
  private func note(_ what: String, _ keys: [ItemKey]) {
    let line = Array("\(getpid()) \(what) \(keys.map(\.description).joined(separator: " "))\n".utf8)
    _ = write(log, line, line.count)
  }

  /// A square wave whose period and level follow from the seed: it takes little room, and no two are alike.
  private static func tone(of item: Item) throws -> RenderedArtifact {
    let sampleRate = 24_000
    let half = 600 + Int(item.seed % 1_009)
    let level = Int32(100_000 + item.seed / 1_009 % 1_000_003)
    let samples = (0..<Int((item.spec.seconds * Double(sampleRate)).rounded())).map {
      $0 / half % 2 == 0 ? level : -level
    }
    let tags = AudioTags(caption: item.caption, seed: item.seed, fingerprint: Drill.fingerprint)
    let contents = try AudioEncoder.encode(
      PCM24(samples: samples, sampleRate: sampleRate), tags: tags, format: item.spec.format)
    let facts = try ArtifactInspector().inspect(
      contents, name: item.fileName,
      expecting: ArtifactExpectation(format: item.spec.format, sampleRate: sampleRate, frames: samples.count))
    return RenderedArtifact(contents: Data(contents), facts: facts)
  }
}
