import Foundation
import NocturneManifest
import NocturneRender
import NocturneWire

/// The farm's look at an artifact, done with the sound half's eyes (farm.md, promise 4).
struct AudioInspection: Sendable {
  /// Samples per second of everything Nocturne writes (interface.md, "A run directory").
  var sampleRate = 24_000

  /// - Throws: `AudioError` when the file is not what the item asks for, or not sound; `FileFault` when it cannot be read,
  ///   which says nothing about it.
  func look(at file: URL, item: Item) throws -> AudioFacts {
    let frames = Int((item.spec.seconds * Double(sampleRate)).rounded())
    do {
      return try ArtifactInspector().inspect(
        file, expecting: ArtifactExpectation(format: item.spec.format, sampleRate: sampleRate, frames: frames))
    } catch  where error.code == .cannotRead {
      throw FileFault("read", file.path, number: EIO)
    }
  }
}
