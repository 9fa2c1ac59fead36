package import Foundation
package import NocturneManifest

/// What makes sound: the worker's port to the sound half. The executable adapts NocturneRender to it; tests use a fake.
package protocol Renderer: Sendable {
  /// SHA-256 over configuration and weights, hexadecimal.
  var modelFingerprint: String { get }
  var numericClass: String { get }

  /// Renders items that ride together as one batch, each to a verified file in memory, and calls `finished` once for
  /// every item as soon as it is decided, on the calling thread. Blocks until all are.
  ///
  /// `progress` is called often with the amount of progress made; when it returns false the call stops early, and items
  /// not yet decided are simply not reported.
  func render(
    _ items: [Item], progress: (UInt64) -> Bool,
    finished: (ItemKey, Result<RenderedArtifact, RenderFault>) -> Void)
}

/// A finished, verified file, not on any disk yet.
package struct RenderedArtifact: Sendable {
  package var contents: Data
  package var facts: AudioFacts
  package var stageSeconds: [String: Double]
  package var notes: [String]

  package init(contents: Data, facts: AudioFacts, stageSeconds: [String: Double] = [:], notes: [String] = []) {
    self.contents = contents
    self.facts = facts
    self.stageSeconds = stageSeconds
    self.notes = notes
  }
}

/// Why an item could not be rendered.
package struct RenderFault: Error, Hashable, Sendable, CustomStringConvertible {
  package var failureClass: FailureClass
  /// One line.
  package var message: String

  package init(_ failureClass: FailureClass, _ message: String) {
    self.failureClass = failureClass
    self.message = message
  }

  package var description: String { message }
}
