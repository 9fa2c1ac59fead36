import Foundation
import Testing

/// The failure policy with real processes: renderers of a drill that are sick or slow.
@Suite(.serialized) struct FailurePolicyTests {
  @Test func aSickWorkerIsPutInQuarantineAndTheOtherRendersTheRun() throws {
    let night = try Night("quarantine: {failures: 3}\nearlyStop: {items: 0}\nsharding: {maxItems: 2}", captions: 30)
    defer { night.end() }
    try night.begin()
    try night.hire("sick", mood: "sick")
    #expect(eventually { night.isRendering }, "nothing was begun")
    try night.hire("well", mood: "0.1")
    let outcome = try night.outcome()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(outcome.errors.contains("quarantine"), "\(outcome)")
    #expect(try night.work.digests(of: "run").count == 30)
    let events = try night.work.lines(".", "hook.log").compactMap { $0["event"] as? String }
    #expect(events.contains("quarantined") && events.last == "finished", "\(events)")
  }

  @Test func aRunOnWhichEverybodyIsSickStopsEarlyAndGoesOnLater() throws {
    let night = try Night("earlyStop: {items: 4, shards: 2}\nsharding: {maxItems: 2}", captions: 12)
    defer { night.end() }
    try night.begin()
    for name in ["one", "two"] { try night.hire(name, mood: "sick") }
    let stopped = try night.outcome()
    #expect(stopped.status == 75 && stopped.errors.contains("this renderer is sick"), "\(stopped)")
    #expect(try night.work.lines("run", "errors.jsonl").isEmpty)
    // One that came too late for the first life would be the first to join the second.
    night.dismiss()
    try night.begin()
    try night.hire("three", mood: "")
    let outcome = try night.outcome()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try night.work.digests(of: "run").count == 12)
  }

  @Test func aWorkerWithoutMemoryCostsNoTryAndAnotherRendersWhatItHad() throws {
    let night = try Night("retry: {limit: 1}\nquarantine: {failures: 1}\nsharding: {maxItems: 4}", captions: 12)
    defer { night.end() }
    try night.begin()
    let vast = try night.hire("vast", mood: "vast").wait(timeoutSeconds: 30)
    #expect(vast.status == 75 && vast.errors.contains("nocturne: out of memory: the system refused "), "\(vast)")
    try night.hire("well", mood: "")
    let outcome = try night.outcome()
    #expect(outcome.status == 0 && outcome.errors.contains("out of memory"), "\(outcome)")
    #expect(try night.work.digests(of: "run").count == 12)
  }

  @Test func whatASlowWorkerIsLateWithIsRenderedByAnother() throws {
    let night = try Night("hedging: {multiple: 2, floorSeconds: 0.5}\nsharding: {maxItems: 1}", captions: 12)
    defer { night.end() }
    try night.begin()
    try night.hire("slow", mood: "600")
    #expect(eventually { night.isRendering }, "nothing was begun")
    try night.hire("quick", mood: "0.05")
    let outcome = try night.outcome()
    #expect(outcome.status == 0 && outcome.errors.contains("late"), "\(outcome)")
    #expect(try night.work.digests(of: "run").count == 12)
  }

  @Test(arguments: ["--for", "--until"])
  func aWorkerWhoseAllocationEndsGoesBeforeAndGivesBackWhatItHad(_ option: String) throws {
    let night = try Night("sharding: {maxItems: 1}", captions: 2)
    defer { night.end() }
    try night.begin()
    let end = option == "--for" ? "5" : Date(timeIntervalSinceNow: 5).formatted(.iso8601)
    // Whether it comes to begin an item on a busy machine or not: an item would take it ten minutes.
    let worker = try night.hire("brief", mood: "600", more: [option, end])
    let outcome = try worker.wait(timeoutSeconds: 30)
    #expect(outcome.status == 75, "\(outcome)")
    try night.hire("next", mood: "")
    let done = try night.outcome()
    #expect(done.status == 0, "\(done)")
  }

  /// Each worker costs its coordinator two descriptors, and shells hand out few.
  @Test func aCoordinatorMayOpenAsManyFilesAsTheSystemAllows() throws {
    let work = try Workplace()
    defer { work.remove() }
    let words = [
      "coordinator", try work.captions(1), "--out", work.path("run"), "--listen", "ipc://" + work.path("night.sock"),
      "--workers", "0", "--model", Workplace.tinyModel.path,
    ]
    let process = try RunningProcess(
      executable: URL(filePath: "/bin/sh"),
      arguments: ["-c", "ulimit -Sn 256; exec \"$0\" \"$@\"", Binary.url.path] + words,
      environment: [:], input: nil)
    #expect(eventually { FileManager.default.fileExists(atPath: work.path("run/run.json")) }, "\(process.errors)")
    let limits = try String(contentsOfFile: "/proc/\(process.pid)/limits", encoding: .utf8)
    let files = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
    let numbers = files.split(separator: " ").compactMap { Int($0) }
    #expect(numbers.count == 2 && numbers[0] == min(numbers[1], 65_536), "\(files)")
    process.send(SIGTERM)
    #expect(try process.wait().status == 75)
  }

  @Test func somebodyIsToldOfARunThatIsStuckAndOfADiskThatIsLow() throws {
    let night = try Night("liveness: {stuckSeconds: 1}", hooks: ", diskLowMegabytes: 1000000000", captions: 2)
    defer { night.end() }
    try night.begin()
    try night.hire("slow", mood: "600")
    var events: [String] { (try? night.work.lines(".", "hook.log").compactMap { $0["event"] as? String }) ?? [] }
    #expect(eventually { Set(events) == ["stuck", "disk-low"] }, "\(events)")
  }
}

/// A coordinator with a job file, a hook that writes down what it is told, and workers of a drill with moods of their own.
private final class Night {
  let work: Workplace
  private let job: String
  private let endpoint: String
  private var coordinator: RunningProcess?
  private var workers: [RunningProcess] = []

  init(_ policy: String, hooks: String = "", captions: Int) throws {
    work = try Workplace()
    endpoint = "ipc://" + work.path("night.sock")
    let hook = try work.write("hook", "#!/bin/sh\ncat >> \"$0.log\"\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: hook)
    job = try work.write(
      "job.yaml",
      """
      manifest: \(try work.captions(captions))
      out: \(work.path("run"))
      model: \(Workplace.tinyModel.path)
      seconds: 1
      steps: 2
      hooks: {exec: \(hook)\(hooks)}
      \(policy)
      """)
  }

  private func environment(_ mood: String) -> [String: String] {
    ["NOCTURNE_DRILL": work.path("drill.log"), "NOCTURNE_DRILL_MOOD": mood]
  }

  /// Whether a worker has begun a shard.
  var isRendering: Bool { FileManager.default.contents(atPath: work.path("drill.log")).map { !$0.isEmpty } ?? false }

  func begin() throws {
    coordinator = try Binary.start(
      ["coordinator", job, "--listen", endpoint, "--workers", "0"], environment: environment(""))
  }

  @discardableResult
  func hire(_ name: String, mood: String, more: [String] = []) throws -> RunningProcess {
    workers.append(
      try Binary.start(
        [
          "worker", "--connect", endpoint, "--model", Workplace.tinyModel.path, "--threads", "1", "--outbox",
          work.path("outbox-\(name)"),
        ] + more, environment: environment(mood)))
    return workers[workers.count - 1]
  }

  /// Waits for the coordinator's end.
  func outcome() throws -> Outcome {
    let coordinator = try #require(coordinator)
    return try coordinator.wait(timeoutSeconds: 60)
  }

  /// Returns when all workers hired so far are gone.
  func dismiss() {
    for worker in workers where worker.isRunning {
      worker.send(SIGKILL)
      _ = try? worker.wait()
    }
    workers = []
  }

  func end() {
    dismiss()
    if let coordinator, coordinator.isRunning { coordinator.send(SIGKILL) }
    work.remove()
  }
}
