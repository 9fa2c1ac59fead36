import Foundation
import Testing

/// Promise 1 of farm.md with real processes: kill anything, lose nothing. `scripts/chaos` runs all of MusicCaps, for as long
/// as asked; here it is a small part. A failure prints the seed that makes the same blows fall again.
@Suite(.serialized, .enabled(if: sharedData != nil, "no shared/data beside the checkout"))
struct StormTests {
  private static let environment = ProcessInfo.processInfo.environment
  private let seed = environment["NOCTURNE_SEED"].flatMap { UInt64($0) } ?? 1
  /// Captions of the drill, and of the run with the `tiny` model.
  private let captions = environment["NOCTURNE_CAPTIONS"].flatMap { Int($0) } ?? 600
  private let tinyCaptions = environment["NOCTURNE_TINY_CAPTIONS"].flatMap { Int($0) } ?? 40
  private let tickSeconds = environment["NOCTURNE_TICK"].flatMap { Double($0) } ?? 0.4
  /// From one kill of the coordinator to the next; it never lives through a grace.
  private let coordinatorTicks = 4
  /// Longer than a worker is stopped for and takes to come back.
  private let graceTicks = 10.0
  private let limitSeconds = environment["NOCTURNE_LIMIT"].flatMap { Double($0) } ?? 300

  @Test func aDrillUnderSignalsEndsAsAnUndisturbedOne() throws {
    try weather("drill", captions: captions, itemsPerTick: 30, isDrill: true)
  }

  @Test func theTinyModelUnderSignalsEndsAsAnUndisturbedRun() throws {
    try weather("tiny", captions: tinyCaptions, itemsPerTick: 2, isDrill: false)
  }

  /// - Parameter itemsPerTick: what an undisturbed run would at least render between two blows: on a slow or busy machine
  ///   they fall less often, since somebody must live to do something.
  private func weather(_ name: String, captions: Int, itemsPerTick: Double, isDrill: Bool) throws {
    let data = try #require(sharedData)
    let work = try Workplace()
    defer { work.remove() }
    func job(_ run: String, graceSeconds: Double) throws -> String {
      try work.write(
        "\(run).yaml",
        """
        manifest: \(data.path)
        out: \(work.path(run))
        model: \(Workplace.tinyModel.path)
        limit: \(captions)
        seconds: 10
        steps: 2
        sharding: {maxItems: \(isDrill ? 8 : 2)}
        liveness: {heartbeatSeconds: 0.3, timeoutHeartbeats: 30, graceSeconds: \(graceSeconds), partingSeconds: 3}
        """)
    }
    let calmLog = isDrill ? ["NOCTURNE_DRILL": work.path("calm.log")] : [:]
    let stormLog = isDrill ? ["NOCTURNE_DRILL": work.path("storm.log")] : [:]
    let begin = Date()
    let calm = try Binary.run(
      ["render", try job("calm", graceSeconds: 30), "--workers", "2", "--quiet"], environment: calmLog,
      timeoutSeconds: limitSeconds)
    #expect(calm.status == 0, "\(calm)")
    let calmSeconds = Date().timeIntervalSince(begin)
    let tickSeconds = max(self.tickSeconds, itemsPerTick * calmSeconds / Double(captions))
    let expected = try work.digests(of: "calm")
    #expect(expected.count == captions)

    let storm = Storm(
      work, job: try job("storm", graceSeconds: graceTicks * tickSeconds), environment: stormLog,
      weather: .init(
        seed: seed, tickSeconds: tickSeconds, coordinatorTicks: coordinatorTicks, items: captions,
        limitSeconds: limitSeconds))
    let toll = try storm.rage()
    let outcome = try #require(toll.outcome, "\(name), seed \(seed): not over after \(limitSeconds) s: \(toll)")
    #expect(outcome.status == 0, "\(name), seed \(seed): \(outcome)")
    #expect(toll.coordinatorKills > 0 && toll.workerKills > 0, "\(name), seed \(seed): too calm: \(toll)")

    let found = try work.digests(of: "storm")
    #expect(found == expected, "\(name), seed \(seed): other files than the undisturbed run's")
    let lines = try work.lines("storm", "metadata.jsonl").compactMap { $0["file_name"] as? String }
    #expect(lines.count == captions && Set(lines).count == captions, "\(name), seed \(seed): \(lines.count) lines")
    #expect(
      Set(try FileManager.default.contentsOfDirectory(atPath: work.path("storm"))) == [
        "audio", "errors.jsonl", "metadata.jsonl", "run.json", "state",
      ], "\(name), seed \(seed): strangers in the run directory")
    #expect(try work.lines("storm", "errors.jsonl").isEmpty, "\(name), seed \(seed): dead items")

    var numbers: [String: Any] = [
      "storm": name, "seed": seed, "items": captions, "calm_seconds": calmSeconds,
      "tick_seconds": tickSeconds, "worker_kills": toll.workerKills, "stops": toll.stops,
      "departures": toll.departures, "coordinator_kills": toll.coordinatorKills, "seconds": toll.seconds,
      "items_lost": expected.keys.filter { found[$0] == nil }.count, "duplicates": lines.count - Set(lines).count,
    ]
    if isDrill {
      let log = try DrillLog(work.path("storm.log"))
      let unexplained = log.unexplained(inFlight: toll.inFlight)
      for item in unexplained.prefix(3) {
        let story = try Binary.run(["explain", work.path("storm"), item]).output
        Issue.record("\(name), seed \(seed): rendered again without a kill:\n\(story)\(log.story(of: item))")
      }
      numbers["rendered_again"] = log.repeats
      numbers["rendered_again_per_kill"] =
        Double(log.repeats) / Double(max(1, toll.workerKills + toll.coordinatorKills))
    }
    try report(numbers)
  }

  /// A line for `scripts/chaos`.
  private func report(_ numbers: [String: Any]) throws {
    let line = try JSONSerialization.data(withJSONObject: numbers, options: .sortedKeys) + Data("\n".utf8)
    guard let path = Self.environment["NOCTURNE_REPORT"] else {
      return print(String(decoding: line, as: UTF8.self), terminator: "")
    }
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    try file.seekToEnd()
    try file.write(contentsOf: line)
  }
}
