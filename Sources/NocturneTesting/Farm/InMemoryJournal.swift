import Foundation
package import NocturneFarm
package import NocturneManifest

/// A journal in an array: it survives its coordinator, not its process.
package final class InMemoryJournal: Journal {
  /// Everything that was committed, oldest first.
  package private(set) var lines: [StoryLine] = []
  /// Transitions in each commit, oldest first.
  package private(set) var commits: [Int] = []
  package private(set) var isHeld = false
  /// Called before each commit; throw to make it fail.
  package var beforeCommit: ([Transition]) throws -> Void = { _ in }

  package init() {}

  package var transitions: [Transition] { lines.map(\.transition) }

  package func commit(_ transitions: [Transition]) throws {
    try beforeCommit(transitions)
    commits.append(transitions.count)
    // One second for each commit: the wall clock decides nothing, and a fixed one keeps stories comparable.
    let date = Date(timeIntervalSince1970: Double(commits.count))
    lines += transitions.map { StoryLine(date: date, transition: $0) }
  }

  package func commit(paused: Bool) throws { isHeld = paused }

  package func isPaused() throws -> Bool { isHeld }

  package func replay(_ piece: ([Transition]) throws -> Void) throws {
    for start in stride(from: 0, to: lines.count, by: 1000) {
      try piece(lines[start..<min(start + 1000, lines.count)].map(\.transition))
    }
  }

  package func story(of item: ItemKey) throws -> [StoryLine] { lines.filter { $0.transition.item == item } }
}
