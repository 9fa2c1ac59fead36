import Foundation
import NocturneTesting
import Testing

/// Coordinator and workers over tcp with keys, as a user starts them.
struct KeyedClusterTests {
  private let port = 41_000 + Int(getpid()) % 9_000

  /// Makes `keys/NAME.key` and `keys/NAME.pub`.
  private func makeKeys(_ work: Workplace, _ names: String...) throws {
    for name in names {
      let outcome = try Binary.run(["keys", "new", "--out", work.path("keys"), "--name", name])
      #expect(outcome.status == 0, "\(outcome)")
    }
  }

  private func coordinator(_ work: Workplace, _ manifest: String, port: Int, _ more: [String]) throws -> RunningProcess
  {
    let process = try Binary.start(
      [
        "coordinator", manifest, "--out", work.path("run"), "--listen", "tcp://127.0.0.1:\(port)", "--model",
        Workplace.tinyModel.path, "--seconds", "1", "--steps", "2",
      ] + more)
    #expect(eventually { FileManager.default.fileExists(atPath: work.path("run/run.json")) }, "\(process.errors)")
    return process
  }

  private func worker(_ work: Workplace, _ name: String, port: Int, _ more: [String]) throws -> RunningProcess {
    try Binary.start(
      [
        "worker", "--connect", "tcp://127.0.0.1:\(port)", "--model", Workplace.tinyModel.path, "--threads", "1",
        "--outbox", work.path("outbox-\(name)"),
      ] + more)
  }

  private func keys(_ work: Workplace, _ name: String, coordinator: String = "coordinator") -> [String] {
    ["--key", work.path("keys/\(name).key"), "--coordinator-key", work.path("keys/\(coordinator).pub")]
  }

  private func admitting(_ work: Workplace, _ name: String) -> [String] {
    ["--key", work.path("keys/coordinator.key"), "--admit", work.path("keys/\(name).pub")]
  }

  @Test(arguments: [true, false])
  func captionsCrossTheWireInClearOnlyWhenThatWasAskedFor(withKeys: Bool) throws {
    let work = try Workplace()
    defer { work.remove() }
    try makeKeys(work, "coordinator", "worker")
    let manifest = try work.captions(6)
    let port = port + (withKeys ? 0 : 1)
    let plain = ["--insecure-loopback"]
    let coordinator = try coordinator(work, manifest, port: port, withKeys ? admitting(work, "worker") : plain)
    let wire = try RecordingProxy(to: port)
    defer { wire.close() }
    let worker = try worker(work, "1", port: wire.port, withKeys ? keys(work, "worker") : plain)
    let outcome = try coordinator.wait()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try worker.wait(timeoutSeconds: 30).status == 0, "\(worker.errors)")
    #expect(work.finishedCount(of: "run") == 6)
    let words = try work.lines("run", "metadata.jsonl").compactMap { $0["caption"] as? String }
    #expect(words.count == 6)
    for caption in words {
      #expect((wire.received.range(of: Data(caption.utf8)) == nil) == withKeys, "\(caption)")
    }
    #expect((Data(wire.sent.joined()).range(of: Data("fLaC".utf8)) == nil) == withKeys)
  }

  @Test func strangersAreToldAndTheInvitedOneRendersEverything() throws {
    let work = try Workplace()
    defer { work.remove() }
    try makeKeys(work, "coordinator", "worker", "stranger", "another-coordinator")
    let manifest = try work.captions(3)
    let port = port + 2
    let coordinator = try coordinator(work, manifest, port: port, admitting(work, "worker"))

    let stranger = try worker(work, "stranger", port: port, keys(work, "stranger")).wait(timeoutSeconds: 60)
    #expect(stranger.status == 69, "\(stranger)")
    #expect(stranger.errorLines.last?.contains("key not admitted") == true, "\(stranger)")
    let bare = try worker(work, "bare", port: port, ["--insecure-loopback"]).wait(timeoutSeconds: 60)
    #expect(bare.status == 69, "\(bare)")
    #expect(bare.errorLines.last?.contains("--coordinator-key") == true, "\(bare)")
    let stray = try worker(work, "stray", port: port, keys(work, "worker", coordinator: "another-coordinator"))
    #expect(eventually { stray.errors.contains("--coordinator-key") }, "\(stray.errors)")
    stray.send(SIGKILL)

    let invited = try worker(work, "1", port: port, keys(work, "worker"))
    let outcome = try coordinator.wait()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try invited.wait(timeoutSeconds: 30).status == 0, "\(invited.errors)")
    #expect(outcome.errors.contains("turned away"), "\(outcome)")
    let workers = try Set(work.lines("run", "metadata.jsonl").compactMap { $0["worker"] as? String })
    #expect(workers.count == 1)
  }

  @Test func tcpWithoutKeysIsRefusedWithTheWayToMakeThem() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(1)
    for host in ["0.0.0.0", "127.0.0.1"] {
      let outcome = try Binary.run([
        "coordinator", manifest, "--out", work.path("run"), "--listen", "tcp://\(host):\(port + 3)", "--model",
        Workplace.tinyModel.path,
      ])
      #expect(outcome.status == 64, "\(outcome)")
      #expect(outcome.errorLines.count == 1 && outcome.errors.contains("nocturne keys new"), "\(outcome)")
      let worker = try worker(work, "1", port: port + 3, []).wait(timeoutSeconds: 30)
      #expect(worker.status == 64 && worker.errorLines.count == 1, "\(worker)")
    }
    #expect(!FileManager.default.fileExists(atPath: work.path("run")))
  }

  @Test func aKeyFileThatOthersCanReadIsRefusedInOneLine() throws {
    let work = try Workplace()
    defer { work.remove() }
    try makeKeys(work, "coordinator", "worker")
    chmod(work.path("keys/coordinator.key"), 0o640)
    let outcome = try Binary.run(
      [
        "coordinator", try work.captions(1), "--out", work.path("run"), "--listen", "tcp://127.0.0.1:\(port + 4)",
        "--model", Workplace.tinyModel.path,
      ] + admitting(work, "worker"))
    #expect(outcome.status == 65, "\(outcome)")
    #expect(outcome.errorLines.count == 1 && outcome.errors.contains("chmod 600"), "\(outcome)")
  }
}
