import Foundation
import Testing

/// Coordinator and workers as separate processes over tcp on loopback.
@Suite(.serialized)
struct ClusterTests {
  /// A port nobody listens on now; taken from the process id so that parallel test runs do not meet.
  private let port = 20_000 + Int(getpid()) % 20_000
  private var endpoint: String { "tcp://127.0.0.1:\(port)" }

  private func coordinator(_ work: Workplace, _ manifest: String, run: String = "run") throws -> RunningProcess {
    try Binary.start([
      "coordinator", manifest, "--out", work.path(run), "--listen", endpoint, "--model", Workplace.tinyModel.path,
      "--seconds", "2", "--steps", "2", "--insecure-loopback",
    ])
  }

  private func worker(_ work: Workplace, _ number: Int, model: URL = Workplace.tinyModel) throws -> RunningProcess {
    try Binary.start([
      "worker", "--connect", endpoint, "--model", model.path, "--threads", "1", "--outbox",
      work.path("outbox-\(number)"), "--insecure-loopback",
    ])
  }

  @Test func threeWorkersOverTcpRenderEverything() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(12)
    let workers = try (1...3).map { try worker(work, $0) }
    let coordinator = try coordinator(work, manifest)
    let outcome = try coordinator.wait()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(work.finishedCount(of: "run") == 12)
    // One that came when everything was rendered still looks for its coordinator; those that found it were told.
    let joined = try workers.filter { outcome.errors.contains(try Regex("worker \\S+-\($0.pid)-\\S+ joined")) }
    #expect(!joined.isEmpty, "\(outcome)")
    for worker in joined { #expect(try worker.wait(timeoutSeconds: 20).status == 0) }
  }

  @Test func workersOutliveTheirCoordinatorAndAreAdoptedAgain() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(30)
    let worker = try worker(work, 1)
    let first = try coordinator(work, manifest)
    #expect(eventually { work.finishedCount(of: "run") >= 3 }, "\(first.errors)")
    first.send(SIGKILL)
    try first.wait()
    #expect(worker.isRunning)
    let second = try coordinator(work, manifest)
    let outcome = try second.wait()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(work.finishedCount(of: "run") == 30)
    #expect(try worker.wait(timeoutSeconds: 20).status == 0, "\(worker.errors)")
  }

  @Test func aWorkerWithAnotherModelIsRefusedOnBothSides() throws {
    let work = try Workplace()
    defer { work.remove() }
    let other = work.folder.appending(path: "other-model")
    #expect(try Binary.run(["model", "new", "--config", "tiny", "--out", other.path, "--seed", "8"]).status == 0)
    let manifest = try work.captions(2)
    let coordinator = try coordinator(work, manifest)
    let stranger = try worker(work, 1, model: other).wait(timeoutSeconds: 30)
    #expect(stranger.status == 69, "\(stranger)")
    #expect(stranger.errors.contains("model"), "\(stranger)")
    _ = try worker(work, 2).wait(timeoutSeconds: 60)
    let outcome = try coordinator.wait()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(outcome.errors.contains("refused"), "\(outcome)")
  }

  @Test func aPortInUseExitsWith69() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(1)
    let first = try coordinator(work, manifest, run: "first")
    #expect(eventually { FileManager.default.fileExists(atPath: work.path("first/run.json")) })
    let second = try coordinator(work, manifest, run: "second").wait(timeoutSeconds: 30)
    #expect(second.status == 69, "\(second)")
    #expect(second.errors.contains("\(port)"), "\(second)")
    first.send(SIGKILL)
  }

  @Test func garbageOnTheSocketIsDroppedAndTheRunGoesOn() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(4)
    let coordinator = try coordinator(work, manifest)
    #expect(eventually { FileManager.default.fileExists(atPath: work.path("run/run.json")) })
    for round in 0..<20 { try sendGarbage(round) }
    let worker = try worker(work, 1)
    let outcome = try coordinator.wait()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(work.finishedCount(of: "run") == 4)
    _ = try worker.wait(timeoutSeconds: 20)
  }

  /// Opens a raw stream to the coordinator and writes noise, half of the times after a valid ZMTP greeting.
  private func sendGarbage(_ round: Int) throws {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0, "nobody listens on \(endpoint)")
    var generator = SplitMix(state: UInt64(round))
    var bytes: [UInt8] = []
    if round % 2 == 0 {
      bytes = [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + Array("NULL".utf8) + [UInt8](repeating: 0, count: 48)
    }
    bytes += (0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) }
    _ = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }
}

/// A small seeded generator, so that a failing round can be run again.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
