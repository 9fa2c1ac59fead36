import Foundation

/// A coordinator and workers of a drill (test tones), or of a real model, under a seeded rain of signals: workers are
/// killed, stopped, sent home and replaced at every tick, the coordinator is killed every few ticks, until the run is over.
final class Storm {
  struct Weather {
    var seed: UInt64
    /// Between two blows.
    var tickSeconds: Double
    var workers = 3
    /// Ticks between two kills of the coordinator.
    var coordinatorTicks: Int
    /// It clears up when so many files are there: a coordinator that waits for the last workers to go home must live to
    /// the end of it.
    var items: Int
    var limitSeconds: Double
  }

  /// What happened, for the checks and the published numbers.
  struct Toll {
    var workerKills = 0
    var coordinatorKills = 0
    var stops = 0
    var departures = 0
    /// By item: at how many kills it was in flight, of a drill.
    var inFlight: [String: Int] = [:]
    /// What workers said last that ended by themselves, and how often.
    var lastWords: [String: Int] = [:]
    var seconds = 0.0
    /// How the coordinator ended; nil when the time was over first.
    var outcome: Outcome?
  }

  /// The tick of the coordinator's first death: soon, since a small run is over soon.
  private static let firstKill = 3

  private let work: Workplace
  private let job: String
  private let endpoint: String
  private let environment: [String: String]
  private let weather: Weather
  private var random: SplitMix
  private var workers: [RunningProcess?]
  private var stopped: [Bool]
  private var toll = Toll()

  init(_ work: Workplace, job: String, environment: [String: String], weather: Weather) {
    self.work = work
    self.job = job
    self.environment = environment
    self.weather = weather
    endpoint = "ipc://" + work.path("storm.sock")
    random = SplitMix(state: weather.seed)
    workers = Array(repeating: nil, count: weather.workers)
    stopped = Array(repeating: false, count: weather.workers)
  }

  func rage() throws -> Toll {
    let begin = Date()
    var coordinator = try startCoordinator()
    var tick = 0
    while Date().timeIntervalSince(begin) < weather.limitSeconds {
      tick += 1
      let end = Date(timeIntervalSinceNow: weather.tickSeconds)
      while Date() < end, coordinator.isRunning { usleep(5_000) }
      if !coordinator.isRunning {
        toll.outcome = try coordinator.wait()
        break
      }
      if work.finishedCount(of: "storm") >= weather.items {
        try calmDown()
        continue
      }
      if tick >= Self.firstKill, (tick - Self.firstKill) % weather.coordinatorTicks == 0 {
        coordinator.send(SIGKILL)
        try coordinator.wait()
        toll.coordinatorKills += 1
        noteInFlight(workers.compactMap { $0.map { Int($0.pid) } })
        coordinator = try startCoordinator()
      }
      for number in workers.indices { try strike(number) }
    }
    toll.seconds = Date().timeIntervalSince(begin)
    for worker in workers { worker?.send(SIGCONT) }
    for worker in workers { _ = try worker?.wait(timeoutSeconds: 30) }
    return toll
  }

  /// Everybody may go on, and somebody is there to deliver what the dead left in their outboxes.
  private func calmDown() throws {
    for number in workers.indices {
      if workers[number]?.isRunning != true { try replace(number) }
      stopped[number] = false
      workers[number]?.send(SIGCONT)
    }
  }

  /// What these workers had in flight, according to the drill's log.
  private func noteInFlight(_ processes: [Int]) {
    guard let path = environment["NOCTURNE_DRILL"], let log = try? DrillLog(path) else { return }
    for item in log.inFlight(of: processes) { toll.inFlight[item, default: 0] += 1 }
  }

  private func startCoordinator() throws -> RunningProcess {
    try Binary.start(["coordinator", job, "--listen", endpoint, "--workers", "0"], environment: environment)
  }

  /// One worker in three is struck at each tick, and one more that is gone comes back.
  private func strike(_ number: Int) throws {
    guard let worker = workers[number], worker.isRunning else { return try replace(number) }
    if stopped[number] {
      stopped[number] = false
      return worker.send(SIGCONT)
    }
    switch Int.random(in: 0..<3 * weather.workers, using: &random) {
    case 0, 1:
      worker.send(SIGKILL)
      toll.workerKills += 1
      try worker.wait()
      noteInFlight([Int(worker.pid)])
    case 2:
      worker.send(SIGSTOP)
      toll.stops += 1
      stopped[number] = true
    case 3:
      worker.send(SIGTERM)
      toll.departures += 1
    default: break
    }
  }

  private func replace(_ number: Int) throws {
    if let ended = try workers[number]?.wait() {
      toll.lastWords["\(ended.status): \(ended.errorLines.last ?? "")", default: 0] += 1
    }
    workers[number] = try Binary.start(
      [
        "worker", "--connect", endpoint, "--model", Workplace.tinyModel.path, "--threads", "1", "--outbox",
        work.path("outbox-\(number)"),
      ], environment: environment)
  }
}
