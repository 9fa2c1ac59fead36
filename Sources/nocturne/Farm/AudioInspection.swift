import Foundation
import NocturneManifest
import NocturneRender

/// The farm's look at an artifact, done with the sound half's eyes (farm.md, promise 4).
struct AudioInspection: Sendable {
  /// Samples per second of everything Nocturne writes (interface.md, "A run directory").
  var sampleRate = 24_000

  /// - Throws: `AudioError` when the file is not what the item asks for, or not sound.
  func look(at file: URL, item: Item) throws -> AudioFacts {
    let frames = Int((item.spec.seconds * Double(sampleRate)).rounded())
    return try ArtifactInspector().inspect(
      file, expecting: ArtifactExpectation(format: item.spec.format, sampleRate: sampleRate, frames: frames))
  }
}
