package import Foundation
package import NocturneManifest

/// Decodes an audio file and looks at it: throws when it is not what the item asks for, or not sound (silent, stuck at
/// full scale, not finite). The executable supplies one from the sound half; a farm that renders nothing has none.
package typealias ArtifactInspection = (URL, Item) throws -> AudioFacts
