import Foundation
import NocturneCoordinator
import NocturneManifest
import NocturneRender
import NocturneWire

/// The farm's look at an artifact, done with the sound half's eyes (farm.md, promise 4).
struct AudioInspection: Sendable {
  /// Samples per second of everything Nocturne writes (interface.md, "A run directory").
  var sampleRate = 24_000

  /// - Parameter fingerprint: of the model that the file names.
  /// - Throws: `AudioError` when the file is not what the item asks for, or not sound; `ItemMismatch` when it names another
  ///   caption, seed or model; `FileFault` when it cannot be read, which says nothing about it.
  func look(at file: URL, item: Item, fingerprint: String) throws -> AudioFacts {
    let frames = Int((item.spec.seconds * Double(sampleRate)).rounded())
    let tags = AudioTags(caption: item.caption, seed: item.seed, fingerprint: fingerprint)
    do {
      return try ArtifactInspector().inspect(
        file,
        expecting: ArtifactExpectation(
          format: item.spec.format, sampleRate: sampleRate, frames: frames, tags: tags))
    } catch {
      switch error.code {
      case .cannotRead: throw FileFault("read", file.path, number: EIO)
      case .wrongTags: throw ItemMismatch(error.message)
      default: throw error
      }
    }
  }
}
