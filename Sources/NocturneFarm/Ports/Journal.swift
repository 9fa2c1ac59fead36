package import Foundation
package import NocturneManifest

/// The coordinator's memory: SQLite in NocturneCoordinator, an array in NocturneTesting. Used by one thread.
package protocol Journal: AnyObject {
  /// Makes all of them durable, in order, or none; stamps them with the wall clock. On return they survive a power cut,
  /// of which leases alone may be forgotten: that costs what was in flight, which nobody acknowledged.
  func commit(_ transitions: [Transition]) throws
  /// Makes durable whether an operator has paused the run.
  func commit(paused: Bool) throws
  func isPaused() throws -> Bool
  /// Everything that was committed, oldest first, in pieces of bounded size. A journal may drop the past of an item that
  /// no later decision reads (all but the last lease, and the failures), as long as `story` stays readable.
  func replay(_ piece: ([Transition]) throws -> Void) throws
  /// The life of one item, oldest first; empty for an item that never was leased.
  func story(of item: ItemKey) throws -> [StoryLine]
}

/// One transition and when it was committed.
package struct StoryLine: Hashable, Codable, Sendable {
  package let date: Date
  package let transition: Transition

  package init(date: Date, transition: Transition) {
    self.date = date
    self.transition = transition
  }
}
