import Foundation
import NocturneCoordinator
import NocturneWire

/// A directory of a test's own, removed with it.
final class Scratch: Sendable {
  let path: String

  init() {
    path = "/tmp/nocturne-test-\(UUID().uuidString.prefix(13))"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var run: RunDirectory { RunDirectory(path + "/run") }
  var endpoint: Endpoint { .ipc(path: path + "/farm.sock") }

  func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
  func lines(_ path: String) -> [Substring] { text(path).split(separator: "\n") }
}
