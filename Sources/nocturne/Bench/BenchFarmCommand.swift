import ArgumentParser
import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire

struct BenchFarmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "farm",
    abstract: "No-op renders through the real coordinator, ZeroMQ, journal and output path; workers are processes.")

  @Option var items = 10_000
  @Option var workers = 2
  @Flag(help: "Keep the journal in memory only.")
  var noJournal = false
  @Flag(help: "One JSON object.")
  var json = false

  func validate() throws {
    if items < 1 || workers < 1 { throw ValidationError("--items and --workers start at 1") }
  }

  func run() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "nocturne-bench-\(getpid())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let directory = RunDirectory(folder.path)
    try directory.prepare()
    let endpoint = try Endpoint.local(in: directory.state)
    let waker = Waker()
    let link = try ZeroMQCoordinatorLink(endpoints: [endpoint], waker: waker)
    var options = Coordinator.Options()
    options.keepsJournal = !noJournal
    let coordinator = try Coordinator(
      directory: directory,
      record: RunRecord(manifest: "bench", manifestSHA256: "", modelFingerprint: nil, settings: [:]),
      items: NullItems(count: items), link: link, stop: StopSignal(waker: waker), options: options)

    let gapFiles = (0..<workers).map { folder.appending(path: "gaps-\($0)").path }
    let processes = try gapFiles.enumerated().map { number, gaps in
      let process = Process()
      process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      process.arguments = [
        "bench", "farm-worker", "--connect", endpoint.description, "--outbox", "\(directory.state)/outbox-\(number)",
        "--gaps", gaps,
      ]
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      return process
    }
    var verdict: Verdict?
    let cpu = ResourceUse.cpuSeconds
    let wall = try Measurement.seconds { verdict = try coordinator.run() }
    let coordinatorCPU = ResourceUse.cpuSeconds - cpu
    for process in processes { process.waitUntilExit() }
    guard verdict?.counts.done == items else {
      throw CommandFailure(.failure, "only \(verdict?.counts.done ?? 0) of \(items) items were done")
    }
    let gaps = gapFiles.flatMap { Self.numbers(in: $0) }.sorted()
    let median = gaps.isEmpty ? 0 : gaps[gaps.count / 2] * 1e3
    let p99 = gaps.isEmpty ? 0 : gaps[min(gaps.count - 1, gaps.count * 99 / 100)] * 1e3
    if json {
      return try printJSON([
        "items": items, "workers": workers, "journal": !noJournal, "seconds": wall,
        "items_per_second": Double(items) / wall, "dispatch_gap_ms": ["median": median, "p99": p99],
        "coordinator_cpu_seconds": coordinatorCPU, "peak_rss_bytes": ResourceUse.peakResidentBytes,
      ])
    }
    print("\(items) items, \(workers) workers, journal \(noJournal ? "in memory" : "on disk")")
    print(String(format: "  %.0f items/s (%.2f s)", Double(items) / wall, wall))
    print(String(format: "  dispatch gap %.2f ms median, %.2f ms p99 (%d shards)", median, p99, gaps.count))
    print(
      String(format: "  coordinator %.2f s of CPU, ", coordinatorCPU) + "\(ResourceUse.peakResidentBytes >> 20) MiB")
  }

  private static func numbers(in path: String) -> [Double] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { Double($0) }
  }
}

/// The worker process of `bench farm`.
struct BenchFarmWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "farm-worker", shouldDisplay: false)

  @Option var connect: String
  @Option var outbox: String
  @Option(help: "File for the seconds between shards, one a line.")
  var gaps: String

  func run() throws {
    let renderer = NullRenderer()
    let process = WorkerProcess(
      posts: [WorkerProcess.Post(endpoint: try Endpoint(connect))], outbox: outbox, patienceSeconds: 10)
    let exit = try process.run(renderer)
    try renderer.gaps.map { "\($0)\n" }.joined().write(toFile: gaps, atomically: true, encoding: .utf8)
    if exit.status != 0 { throw CommandFailure(exit) }
  }
}

/// Items that exist only as numbers.
private final class NullItems: ItemSource {
  let count: Int
  init(count: Int) { self.count = count }

  func item(at position: Int) -> Item {
    let id = "null-\(position)"
    return Item(
      key: ItemKey(row: id, take: 1), caption: "nothing", spec: RenderSpec(), seed: UInt64(position),
      fileName: "\(id).flac")
  }
}
