import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneModels
import NocturneRender
import NocturneWire

/// A run with its coordinator in this process, and local workers beside it when asked for.
struct FarmRun {
  let run: ResolvedRun
  let listening: Listening
  let hooks: Hooks

  /// Blocks until the run is over or stopped.
  /// - Throws: `ManifestError`, `RunError`, `WireError`, `CommandFailure`.
  func execute() throws -> ExitStatus {
    let directory = RunDirectory(try run.runDirectory().path)
    let manifest = try run.reader.read()
    let report = RunReport(run: run, manifest: manifest)
    report.opening(manifest)
    try directory.prepare()
    // Before anything is bound, so that whoever comes second hears of the first, not of a socket.
    let lock = try directory.takeLock()

    let local = try Endpoint.local(in: directory.state)
    let waker = Waker()
    let stop = StopSignal(waker: waker)
    let signals = StopOnSignals { stop.request() }
    defer { signals.end() }
    let link = try ZeroMQCoordinatorLink(
      endpoints: [local] + (listening.endpoint.map { [$0] } ?? []), protection: listening.protection, waker: waker)

    var options = Coordinator.Options()
    options.policy = run.policy
    options.document = try RunConfiguration.document(of: run, manifest: manifest.summary)
    let inspector = AudioInspection(sampleRate: run.configuration.sampleRate)
    options.inspector = { try inspector.look(at: $0, item: $1, fingerprint: $2) }
    let crew = LocalCrew(
      size: run.workers, endpoint: local, state: directory.state, run: run,
      say: { Terminal.remark("nocturne: \($0)") }, gaveUp: { stop.request() })
    let desk = HookDesk(hooks, directory: directory, rejectedRows: manifest.badRows.count) {
      Terminal.remark("nocturne: \($0)")
    }
    let coordinator = try Coordinator(
      directory: directory, record: RunConfiguration.record(of: run, manifest: manifest.summary),
      items: ItemList(manifest.items), rejected: manifest.badRows.map(RejectedRow.init), link: link, stop: stop,
      lock: lock, options: options
    ) { event in
      report.tell(event)
      desk.tell(event)
      switch event {
      case .started(let progress, _, _): crew.start(items: progress.counts.undecided)
      case .closing: crew.retire()
      default: break
      }
    }
    defer { crew.end() }
    defer { desk.finish() }
    let verdict: Verdict
    do {
      verdict = try coordinator.run()
    } catch {
      desk.fail(error)
      throw error
    }
    crew.wait()
    if let failure = crew.failure { throw failure }
    return report.status(of: verdict)
  }
}

/// A manifest's items, held in memory.
private final class ItemList: ItemSource {
  private let items: [Item]
  init(_ items: [Item]) { self.items = items }
  var count: Int { items.count }
  func item(at position: Int) -> Item { items[position] }
}

extension RejectedRow {
  init(_ row: BadRow) {
    self.init(id: row.id, message: row.faults.map(\.description).joined(separator: "; "))
  }

  /// How many there are, for the end of a line that counts items; nothing when there are none.
  static func remark(_ count: Int) -> String {
    count == 0 ? "" : "; \(count) \(count == 1 ? "row" : "rows") rejected (errors.jsonl)"
  }
}
