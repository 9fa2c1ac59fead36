package import Foundation
package import NocturneManifest

/// Decodes an audio file and looks at it: throws when it is not what the item asks for, or not sound (silent, stuck at
/// full scale, not finite). The executable supplies one from the sound half; a farm that renders nothing has none.
///
/// It throws `ItemMismatch` when the file is sound and of another item.
package typealias ArtifactInspection = (URL, Item, _ modelFingerprint: String) throws -> AudioFacts

/// What a sound file says of itself is not what the item says.
package struct ItemMismatch: Error, CustomStringConvertible {
  /// A few words.
  package let description: String

  package init(_ description: String) { self.description = description }
}
