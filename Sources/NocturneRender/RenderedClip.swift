package import Foundation
package import NocturneManifest

/// A finished, verified file.
package struct RenderedClip: Sendable {
  package var key: ItemKey
  package var file: URL
  package var facts: AudioFacts
  package var times: StageTimes
  package var notes: [String]

  init(_ clip: Clip) {
    key = clip.item.key
    file = clip.artifact.file
    facts = clip.artifact.facts
    times = clip.times
    notes = clip.notes
  }
}
