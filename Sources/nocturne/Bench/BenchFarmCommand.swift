import ArgumentParser
import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire

struct BenchFarmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "farm",
    abstract: "No-op renders through the real coordinator, ZeroMQ, journal and output path; workers are processes.",
    discussion: "With the journal on, the run is opened once more at the end: what a resume of so many items takes.")

  @Option var items = 10_000
  @Option(help: "Worker processes.")
  var workers = 2
  @Option(help: "So many more workers, all in one process, with a connection and credit each.")
  var simulatedWorkers = 0
  @Option(
    help: "What an item takes a worker process, without CPU; then the share of time that workers are busy is reported.")
  var itemSeconds = 0.0
  @Option(help: "Where the run directory is made. Default: the temporary directory.")
  var folder: String?
  @Flag(help: "Keep the journal in memory only.")
  var noJournal = false
  @Flag(help: "One JSON object.")
  var json = false

  func validate() throws {
    if items < 1 || workers < 0 || simulatedWorkers < 0 || workers + simulatedWorkers < 1 {
      throw ValidationError("--items starts at 1, and there must be a worker")
    }
    if !(0...3600).contains(itemSeconds) || itemSeconds > 0 && simulatedWorkers > 0 {
      throw ValidationError("--item-seconds is 0 to 3600, and simulated workers have none")
    }
  }

  func run() throws {
    let parent = folder.map { URL(filePath: $0) } ?? FileManager.default.temporaryDirectory
    let folder = parent.appending(path: "nocturne-bench-\(getpid())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let directory = RunDirectory(folder.path)
    try directory.prepare()
    let endpoint = try Endpoint.local(in: directory.state)
    let gapFiles = (0..<workers).map { folder.appending(path: "gaps-\($0)").path }

    let stop = StopSignal(waker: Waker())
    let signals = StopOnSignals { stop.request() }
    defer { signals.end() }
    // Let go of before the run is opened again: it holds the run's lock.
    var first: Coordinator? = try coordinator(directory, endpoint, stop)
    var processes = try gapFiles.enumerated().map { number, gaps in
      try Self.start(
        "farm-worker", "--connect", endpoint.description, "--outbox", "\(directory.state)/outbox-\(number)", "--gaps",
        gaps, "--item-seconds", "\(itemSeconds)")
    }
    if simulatedWorkers > 0 {
      processes.append(
        try Self.start("farm-swarm", "--connect", endpoint.description, "--workers", "\(simulatedWorkers)"))
    }
    defer {
      // A coordinator that stopped in the middle leaves them waiting for it.
      for process in processes {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
      }
    }
    var verdict: Verdict?
    let cpu = ResourceUse.cpuSeconds
    let wall = try Measurement.seconds { verdict = try first?.run() }
    first = nil
    let coordinatorCPU = ResourceUse.cpuSeconds - cpu
    let peak = ResourceUse.peakResidentBytes
    if verdict?.outcome == .complete { for process in processes { process.waitUntilExit() } }
    guard verdict?.counts.done == items else {
      throw CommandFailure(.resumable, "stopped when \(verdict?.counts.done ?? 0) of \(items) items were done")
    }
    let resume = noJournal ? nil : try resumeSeconds(directory, endpoint, stop)
    try report(
      wall: wall, coordinatorCPU: coordinatorCPU, peak: peak, resume: resume,
      gaps: gapFiles.flatMap { Self.numbers(in: $0) }.sorted())
  }

  private func coordinator(_ directory: RunDirectory, _ endpoint: Endpoint, _ stop: StopSignal) throws -> Coordinator {
    var options = Coordinator.Options()
    options.keepsJournal = !noJournal
    return try Coordinator(
      directory: directory,
      record: RunRecord(manifest: "bench", manifestSHA256: "", modelFingerprint: nil, settings: [:]),
      items: NullItems(count: items), link: ZeroMQCoordinatorLink(endpoints: [endpoint], waker: stop.waker),
      stop: stop, options: options
    ) { event in
      // A run would wait until there is room; a measurement is over.
      switch event {
      case .storageRefused(let message, _), .notice(.runPaused(_, let message)):
        Terminal.remark("nocturne: the disk refuses: \(message); measure in another --folder")
        for _ in 0..<2 { stop.request() }
      default: break
      }
    }
  }

  /// From the start to the knowledge that nothing is left to do.
  private func resumeSeconds(_ directory: RunDirectory, _ endpoint: Endpoint, _ stop: StopSignal) throws -> Double {
    try Measurement.seconds {
      let verdict = try coordinator(directory, endpoint, stop).run()
      guard verdict.counts.done == items else { throw CommandFailure(.resumable, "stopped") }
    }
  }

  private static func start(_ arguments: String...) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["bench"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  private static func numbers(in path: String) -> [Double] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { Double($0) }
  }

  /// - Parameter gaps: seconds between shards, sorted.
  private func report(wall: Double, coordinatorCPU: Double, peak: Int, resume: Double?, gaps: [Double]) throws {
    let median = gaps.isEmpty ? 0 : gaps[gaps.count / 2] * 1e3
    // Of the time from the coordinator's start to its end, in which workers start too.
    let busy = itemSeconds > 0 ? Double(items) * itemSeconds / (Double(workers) * wall) : nil
    let p99 = gaps.isEmpty ? 0 : gaps[min(gaps.count - 1, gaps.count * 99 / 100)] * 1e3
    if json {
      var object: [String: Any] = [
        "items": items, "workers": workers, "simulated_workers": simulatedWorkers, "journal": !noJournal,
        "seconds": wall, "items_per_second": Double(items) / wall, "dispatch_gap_ms": ["median": median, "p99": p99],
        "coordinator_cpu_seconds": coordinatorCPU, "peak_rss_bytes": peak,
      ]
      object["resume_seconds"] = resume
      object["busy_fraction"] = busy
      return try printJSON(object)
    }
    let crowd = simulatedWorkers > 0 ? ", \(simulatedWorkers) simulated" : ""
    print("\(items) items, \(workers) workers\(crowd), journal \(noJournal ? "in memory" : "on disk")")
    print(String(format: "  %.0f items/s (%.2f s)", Double(items) / wall, wall))
    if !gaps.isEmpty {
      print(String(format: "  dispatch gap %.2f ms median, %.2f ms p99 (%d shards)", median, p99, gaps.count))
    }
    print(
      String(
        format: "  coordinator %.2f s of CPU (%.0f us an item), ", coordinatorCPU, coordinatorCPU / Double(items) * 1e6)
        + "\(peak >> 20) MiB")
    if let busy { print(String(format: "  workers busy %.1f %% of the time", busy * 100)) }
    if let resume { print(String(format: "  resumed in %.2f s", resume)) }
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
