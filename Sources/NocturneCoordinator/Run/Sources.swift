import Foundation
import NocturneFarm
import NocturneManifest

/// Items by their key, for what comes back from workers.
final class Sources {
  private let items: any ItemSource
  private var positions: [ItemKey: Int] = [:]

  init(_ items: any ItemSource) { self.items = items }

  func note(_ key: ItemKey, at position: Int) { positions[key] = position }

  func item(_ key: ItemKey) throws -> Item? { try positions[key].map { try items.item(at: $0) } }

  /// Looks at an artifact with the inspector, and holds what it finds against the receipt.
  func examine(_ path: String, _ receipt: Receipt, with inspect: ArtifactInspection) throws {
    guard let item = try item(receipt.lease.item) else {
      preconditionFailure("examine: \(receipt.lease.item) is no item of this run")
    }
    let facts = try inspect(URL(fileURLWithPath: path), item, receipt.modelFingerprint)
    guard facts.frames == receipt.facts.frames, facts.sampleRate == receipt.facts.sampleRate,
      facts.channels == receipt.facts.channels
    else {
      throw ArtifactMismatch(
        description: "\(facts.frames) frames of \(facts.channels) channels at \(facts.sampleRate) Hz, the receipt says "
          + "\(receipt.facts.frames) of \(receipt.facts.channels) at \(receipt.facts.sampleRate) Hz")
    }
  }
}

/// An artifact that is not what its receipt says.
struct ArtifactMismatch: Error, CustomStringConvertible {
  let description: String
}
