package import NocturneManifest

/// A finished, verified file in memory.
package struct RenderedClip: Sendable {
  package var key: ItemKey
  package var contents: [UInt8]
  package var facts: AudioFacts
  package var times: StageTimes
  package var notes: [String]

  init(_ clip: Clip) {
    key = clip.item.key
    contents = clip.artifact.contents
    facts = clip.artifact.facts
    times = clip.times
    notes = clip.notes
  }
}
