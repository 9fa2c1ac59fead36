/// Which of several coordinators a worker turns to next. They stand in order of priority: the first one with work has the
/// worker; the others get it for a shard at a time, and it asks from the top again after each.
package struct Rota: Hashable, Sendable {
  /// Positions of those that are not over.
  private var open: [Int]
  /// Whose turn it is, an index of `open`.
  private var turn = 0

  package init(count: Int) {
    precondition(count > 0, "Rota: nobody to work for")
    open = Array(0..<count)
  }

  /// Position of the coordinator whose turn it is; nil when all are over.
  package var current: Int? { open.isEmpty ? nil : open[turn] }

  /// How long and for how much to stay there; nil with one that is the last left, whom the worker stays with.
  package func visit(idleSeconds: Double) -> WorkerPolicy.Visit? {
    open.count > 1 ? WorkerPolicy.Visit(idleSeconds: idleSeconds, shards: turn == 0 ? nil : 1) : nil
  }

  /// The worker came back from there.
  package mutating func take(_ exit: WorkerExit) {
    switch exit {
    case .finished, .refused:
      open.remove(at: turn)
      turn = 0
    case .idle(hasWorked: true) where turn > 0: turn = 0
    case .idle, .unreachable, .stopped, .exhausted: turn = (turn + 1) % open.count
    }
  }
}
