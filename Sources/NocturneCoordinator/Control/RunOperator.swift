package import NocturneFarm
import NocturneWire

/// The verbs of an operator on a run directory: asks the coordinator at work there, or, where there is none, works on the
/// journal.
package struct RunOperator {
  package let directory: RunDirectory
  /// How long a coordinator may take to reply.
  package var patienceSeconds = 20.0

  package init(_ directory: RunDirectory) { self.directory = directory }

  /// - Returns: what became of the order, and whether a coordinator is at work.
  /// - Throws: `RunError`: `noRun`, `damaged`, `unresponsive`; `WireError`, `JournalFault`, `FileFault`.
  package func give(_ order: Order) throws -> (answer: OrderAnswer, isLive: Bool) {
    guard directory.isRun else { throw RunError.noRun(directory) }
    while true {
      if directory.owner != nil {
        // A coordinator that ended before it heard us leaves the run to us.
        if case .answer(let answer)? = try ask(.order(order)) { return (answer, true) }
        continue
      }
      do {
        var run = try StoppedRun(directory)
        return (try run.obey(order), false)
      } catch let error as RunError where error.code == .locked {
        continue
      }
    }
  }

  /// Where the items of a name are and what they wait for, as the coordinator at work sees it; nil when there is none.
  package func locate(_ name: String) throws -> [Whereabouts]? {
    guard directory.owner != nil, case .explained(let items)? = try ask(.explain(name)) else { return nil }
    return items
  }

  /// Nil when the coordinator ended meanwhile.
  private func ask(_ request: ControlRequest) throws -> ControlReply? {
    let reply = try ZeroMQControlClient.ask(
      request, at: directory.controlSocket(), patienceSeconds: patienceSeconds, unless: { directory.owner == nil })
    if let reply { return reply }
    guard let owner = directory.owner else { return nil }
    throw RunError(
      .unresponsive, directory.path,
      "process \(owner) has the run and does not answer: it starts, ends, verifies, or waits for room on the disk; "
        + "see `nocturne status \(directory.path)`, and try again")
  }
}
