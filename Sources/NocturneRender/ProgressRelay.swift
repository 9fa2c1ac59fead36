/// Passes progress on to whoever watches, and remembers when that one asked to stop. Lives for one render call, on one thread.
package final class ProgressRelay {
  private let report: (UInt64) -> Bool
  package private(set) var isStopped = false

  /// - Parameter report: takes the amount of progress since the last call; returns false to stop.
  package init(_ report: @escaping (UInt64) -> Bool) { self.report = report }

  /// - Throws: `Interruption` when the watcher asks to stop, then and ever after.
  package func add(_ amount: Int) throws(Interruption) {
    if isStopped || !report(UInt64(max(amount, 0))) {
      isStopped = true
      throw Interruption()
    }
  }

  /// For a model call, which counts from 0.
  package func counting() -> (Int) throws -> Void {
    var counted = 0
    return { [self] count in
      let amount = count - counted
      counted = count
      try add(amount)
    }
  }

  /// Unwinds a stage; never reaches a caller.
  package struct Interruption: Error {}
}
