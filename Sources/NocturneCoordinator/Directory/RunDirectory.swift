import Foundation
package import NocturneWire

/// A run's directory (interface.md, "A run directory"): where everything is. Making one touches nothing.
package struct RunDirectory: Hashable, Sendable {
  /// Absolute, without a slash at the end.
  package let path: String

  package init(_ path: String) {
    self.path = URL(fileURLWithPath: path).standardizedFileURL.path
  }

  /// Finished, verified audio.
  package var audio: String { path + "/audio" }
  package var metadata: String { path + "/metadata.jsonl" }
  package var errors: String { path + "/errors.jsonl" }
  package var document: String { path + "/run.json" }
  /// Everything below is no deliverable.
  package var state: String { path + "/state" }
  package var partial: String { state + "/partial" }
  package var journal: String { state + "/journal.sqlite" }
  package var lock: String { state + "/lock" }
  package var status: String { state + "/status.json" }

  /// Names of all items.
  package var items: String { state + "/items" }

  /// The socket over which operators talk to the coordinator at work.
  /// - Throws: `WireError`, where the path is too long for a socket and there is no safe place for a shorter one.
  package func controlSocket() throws(WireError) -> String {
    guard case .ipc(let path) = try Endpoint.local(in: state, named: "control.sock") else {
      preconditionFailure("controlSocket: not a Unix socket")
    }
    return path
  }

  package func audioFile(_ name: String) -> String { audio + "/" + name }

  /// Makes what is missing and checks that files can be written.
  /// - Throws: `RunError`: `locked` when a coordinator is at work here, `unwritable`, also where somebody's results lie
  ///   that no run here has made.
  package func prepare() throws(RunError) {
    if let owner { throw taken(by: owner) }
    if let found = foreign {
      throw RunError(
        .unwritable, path,
        "\(found) would be overwritten, and no run here made it; choose another directory with --out"
          + (mayBeRebuilt ? ", or make the journal anew with `nocturne verify \(path) --repair`" : ""))
    }
    do throws(FileFault) {
      for directory in [path, audio, state] { try Directory.make(directory) }
      // Every file of the run is made here.
      try Directory.makeApart(partial)
      for directory in [path, audio] { try Directory.remove(probe(in: directory)) }
      // What is finished is moved there, which no file can be from one file system to another.
      try Directory.move(probe(in: partial), to: probe(in: audio))
      try Directory.remove(probe(in: audio))
    } catch  where error.number == EXDEV {
      for directory in [partial, audio] { try? Directory.remove(directory + "/" + Self.probe) }
      throw RunError(
        .unwritable, path,
        "audio/ and state/ are on different file systems; put the whole run directory on one, or choose another with "
          + "--out")
    } catch {
      throw RunError(.unwritable, path, "cannot write the run directory: \(error); choose another with --out")
    }
  }

  private static let probe = ".nocturne-probe"

  /// A file that could be made in `directory`.
  private func probe(in directory: String) throws(FileFault) -> String {
    let path = directory + "/" + Self.probe
    try OpenFile(path, .create).write(Data("probe".utf8))
    return path
  }

  /// Takes the directory for this process, until the lock is forgotten.
  /// - Throws: `RunError`: `locked` when another coordinator has it, `unwritable`.
  package func takeLock() throws(RunError) -> FileLock {
    do throws(FileFault) {
      if let lock = try FileLock(lock) { return lock }
    } catch {
      throw RunError(.unwritable, path, "cannot lock the run directory: \(error)")
    }
    throw taken(by: owner)
  }

  private func taken(by owner: Int?) -> RunError {
    RunError(
      .locked, path,
      "another coordinator\(owner.map { " (process \($0))" } ?? "") works on this run; stop it or choose another directory "
        + "with --out")
  }

  /// Process id of the coordinator at work here; nil when there is none.
  package var owner: Int? { FileLock.owner(of: lock) }

  /// Whether a run was ever started here.
  package var isRun: Bool { Directory.size(of: journal) ?? 0 > 0 }

  /// Whether a run was here, of which the journal alone is gone: `state/` is no deliverable, and looks like it.
  var mayBeRebuilt: Bool { !isRun && Directory.size(of: document) != nil }

  /// What a run would overwrite where none is.
  private var foreign: String? {
    if isRun { return nil }
    let theirs = (try? Directory.names(in: audio))?.filter { $0 != Self.probe }
    if let name = theirs?.min() { return "audio/\(name)" }
    let files = [("metadata.jsonl", metadata), ("errors.jsonl", errors), ("run.json", document)]
    return files.first { Directory.size(of: $0.1) != nil }?.0
  }
}
