package import NocturneManifest

/// Where one item is, and what it waits for.
package struct Whereabouts: Hashable, Sendable {
  package enum Place: String, Hashable, Sendable, CaseIterable {
    case waiting, leased, executing, delivering, done, dead, cancelled
  }

  package var item: ItemKey
  package var place: Place
  /// One line for people; empty where the place says it all.
  package var why: String
  /// Tries paid since it was opened; it is dead when they are `tryLimit`.
  package var tries: Int
  /// Nil where nobody is at work who would know.
  package var tryLimit: Int?

  package init(item: ItemKey, place: Place, why: String, tries: Int, tryLimit: Int?) {
    self.item = item
    self.place = place
    self.why = why
    self.tries = tries
    self.tryLimit = tryLimit
  }

  /// What the journal knows of an item while nobody works on its run.
  package init(of item: ItemKey, story: [Transition], isPaused: Bool) {
    self.init(item: item, place: .waiting, why: "", tries: 0, tryLimit: nil)
    for transition in story {
      switch transition.change {
      case .leased: break
      case .released(let release): tries += release.costsTry ? 1 : 0
      case .done: place = .done
      case .died(let failureClass, _, _):
        place = failureClass == .cancelled ? .cancelled : .dead
        if failureClass == .itemFault || failureClass == .workerFault { tries += 1 }
      case .reopened:
        place = .waiting
        tries = 0
      }
    }
    guard place == .waiting else { return }
    why = "no coordinator is at work; run the same command to go on"
    if isPaused { why += ", and `nocturne resume`, since an operator paused the run" }
  }
}
