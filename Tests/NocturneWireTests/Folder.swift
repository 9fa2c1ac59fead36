import Foundation
import NocturneWire

/// A folder below /tmp, short enough for socket paths, that is removed with its owner.
final class Folder: Sendable {
  let path = "/tmp/nocturne-wire-test-\(UUID().uuidString.prefix(13))"
  init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func socket() -> Endpoint { .ipc(path: "\(path)/\(UUID().uuidString.prefix(8)).sock") }

  /// Writes a file with these permissions, whatever the umask.
  func write(_ name: String, _ text: String, permissions: mode_t = 0o600) -> String {
    _ = FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data(text.utf8))
    chmod("\(path)/\(name)", permissions)
    return "\(path)/\(name)"
  }
}

/// A coordinator's keys and those of the workers that it admits.
struct KeyRing {
  let folder = Folder()
  let coordinator = KeyPair.fresh()

  /// Admits one key at least; the others may follow.
  init(admitting pairs: KeyPair...) throws {
    for (number, pair) in pairs.enumerated() { try admit(pair, as: "worker-\(number)") }
  }

  func admit(_ pair: KeyPair, as name: String) throws { _ = try pair.write(named: name, in: "\(folder.path)/admitted") }

  func forCoordinator() throws -> Protection<CoordinatorKeys> {
    .keys(CoordinatorKeys(pair: coordinator, admitted: try AllowList(reading: "\(folder.path)/admitted")))
  }

  func forWorker(_ pair: KeyPair) -> Protection<WorkerKeys> {
    .keys(WorkerKeys(pair: pair, coordinator: coordinator.publicKey))
  }
}
