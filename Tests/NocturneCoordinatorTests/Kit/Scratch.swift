import Foundation
import NocturneCoordinator
import NocturneWire

/// A directory of a test's own, removed with it.
final class Scratch: Sendable {
  let path: String

  /// One folder for each test process. A worker that a test does not wait for may keep its directory until the process
  /// ends; the next process removes it.
  private static let home: String = {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? [] {
      guard name.hasPrefix("nocturne-tests-"), let owner = Int32(name.dropFirst("nocturne-tests-".count)),
        kill(owner, 0) != 0
      else { continue }
      try? FileManager.default.removeItem(atPath: "/tmp/" + name)
    }
    return "/tmp/nocturne-tests-\(getpid())"
  }()

  init() {
    path = "\(Self.home)/\(UUID().uuidString.prefix(13))"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var run: RunDirectory { RunDirectory(path + "/run") }
  var endpoint: Endpoint { .ipc(path: path + "/farm.sock") }

  func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
  func lines(_ path: String) -> [Substring] { text(path).split(separator: "\n") }
}
