import Foundation
import NocturneManifest
import NocturneWire
import Synchronization

/// The local workers of `nocturne render`: child processes that are replaced when they die. One that dies as soon as it is
/// started, time and again, is tried ever more rarely while others work; where all do, the crew gives up.
///
/// Each has an outbox of its own below the run's `state/`, whose lock tells whether its worker lives: one that outlived an
/// earlier coordinator is left to reconnect, and replaced only when it is gone.
final class LocalCrew: @unchecked Sendable {  // guard: `lock`
  private struct Member {
    var process: Process?
    /// Deaths in a row, each sooner than `shortLife` after its start.
    var quickDeaths = 0
    var started = Date.distantPast
    /// Where in its log the last process began to speak.
    var logStart: UInt64 = 0
    /// It was to be started, and is at work, out of sight or on its way.
    var isWanted = false

    /// It cannot be kept alive, as far as is known.
    var isFailing: Bool {
      quickDeaths >= LocalCrew.quickDeathLimit
        && !(process?.isRunning == true && Date().timeIntervalSince(started) >= LocalCrew.shortLife)
    }
  }

  private let endpoint: Endpoint
  private let state: String
  private let run: ResolvedRun
  private let say: @Sendable (String) -> Void
  private let gaveUp: @Sendable () -> Void
  private let lock = NSLock()
  private var members: [Member]
  private var isEnding = false
  private var reason: CommandFailure?

  private static let shortLife = 20.0
  /// A worker whose coordinator was killed waits this long for the same command to be run again.
  private static let patienceSeconds = 600
  private static let quickDeathLimit = 5
  private static let longestPause = 60.0
  /// Seconds before a worker that died is started again, and as many more for each further death in a row.
  private static let deathPause = 0.2
  private static let shortagePause = 1.0

  /// - Parameters:
  ///   - say: told one line that people should hear.
  ///   - gaveUp: called once when all workers die as fast as they are started.
  init(
    size: Int, endpoint: Endpoint, state: String, run: ResolvedRun, say: @escaping @Sendable (String) -> Void,
    gaveUp: @escaping @Sendable () -> Void
  ) {
    self.say = say
    self.endpoint = endpoint
    self.state = state
    self.run = run
    self.gaveUp = gaveUp
    members = Array(repeating: Member(), count: size)
  }

  /// Why no workers could be kept alive; nil while all is well.
  var failure: CommandFailure? { lock.withLock { reason } }

  /// Starts as many workers as there is work for.
  func start(items: Int) {
    let wanted = members.indices.prefix(items)
    lock.withLock { for number in wanted { members[number].isWanted = true } }
    for number in wanted { fill(number) }
  }

  /// Replaces nobody any more: workers that leave now have nothing to come back to.
  func retire() { lock.withLock { isEnding = true } }

  /// Waits until the workers have left by themselves, as they do when the run is over; stops those that stay, such as
  /// one that was still loading its weights.
  func wait(seconds: Double = 5) {
    retire()
    let deadline = Date(timeIntervalSinceNow: seconds)
    while Date() < deadline, lock.withLock({ members.contains { $0.process?.isRunning ?? false } }) { usleep(5_000) }
    end()
  }

  func end() {
    lock.withLock {
      isEnding = true
      for member in members where member.process?.isRunning ?? false { member.process?.terminate() }
    }
  }

  private func outbox(_ number: Int) -> String { "\(state)/outbox-\(number + 1)" }
  private func log(_ number: Int) -> String { "\(state)/worker-\(number + 1).log" }

  /// Starts worker `number`, or looks again later when its outbox has an owner.
  private func fill(_ number: Int) {
    if FileLock.owner(of: outbox(number) + "/lock") != nil {
      DispatchQueue.global().asyncAfter(deadline: .now() + 1) { [self] in fill(number) }
      return
    }
    do {
      // Under the lock, so that whoever ends the crew knows of every process that was started.
      try lock.withLock {
        guard !isEnding else { return }
        members[number].started = Date()
        (members[number].process, members[number].logStart) = try launch(number)
      }
    } catch {
      lost(number, "it cannot be started: \(error)", .resumable)
    }
  }

  /// - Returns: the process, and how long its log is already: what its predecessors said stays.
  private func launch(_ number: Int) throws -> (Process, UInt64) {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments =
      [
        "worker", "--connect", endpoint.description, "--model", run.location.checkpoint.path, "--threads",
        "\(run.threads)", "--precision", run.precision.rawValue, "--outbox", outbox(number), "--patience",
        "\(Self.patienceSeconds)",
      ] + (run.location.textEncoder.map { ["--text-encoder", $0.path] } ?? [])
    let descriptor = open(log(number), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw CommandFailure(.cannotWrite, "cannot write \(log(number))") }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    let start = try file.seekToEnd()
    process.standardOutput = file
    process.standardError = file
    process.standardInput = FileHandle.nullDevice
    process.terminationHandler = { [self] in died(number, $0) }
    try process.run()
    return (process, start)
  }

  private func died(_ number: Int, _ process: Process) {
    let lastWords = lastWords(of: number)
    if process.terminationReason == .exit, [64, 65].contains(process.terminationStatus) {
      // Wrong input stays wrong: say what the worker said, once.
      let status = ExitStatus(rawValue: process.terminationStatus) ?? .failure
      return giveUp(CommandFailure(status, lastWords ?? "a worker refused its input; its log is \(log(number))"))
    }
    if process.terminationReason == .exit, process.terminationStatus == 0 {
      lock.withLock { members[number].quickDeaths = 0 }
      return DispatchQueue.global().async { [self] in fill(number) }
    }
    let status = process.terminationReason == .exit ? ExitStatus(rawValue: process.terminationStatus) : nil
    // What it ran out of may come back, but not at once.
    let isShort = status == .cannotWrite || status == .resumable
    lost(
      number, lastWords ?? "its log is \(log(number))", status == .cannotWrite ? .cannotWrite : .resumable,
      firstPause: isShort ? Self.shortagePause : Self.deathPause)
  }

  /// Worker `number` died, or could not be started: tries again after a while, or gives up where none can be kept alive.
  private func lost(
    _ number: Int, _ lastWords: String, _ status: ExitStatus, firstPause: Double = LocalCrew.deathPause
  ) {
    let (deaths, isLast) = lock.withLock { () -> (Int, Bool) in
      let lived = Date().timeIntervalSince(members[number].started)
      members[number].quickDeaths = lived < Self.shortLife ? members[number].quickDeaths + 1 : 1
      return (members[number].quickDeaths, members.filter(\.isWanted).allSatisfy(\.isFailing))
    }
    let complaint = "worker \(number + 1) died \(Self.quickDeathLimit) times as soon as it was started: \(lastWords)"
    if isLast { return giveUp(CommandFailure(status, complaint)) }
    if deaths == Self.quickDeathLimit { say("\(complaint); the others go on, and it is tried again now and then") }
    let isFailing = deaths >= Self.quickDeathLimit
    let pause = isFailing ? pow(2, Double(deaths - Self.quickDeathLimit)) : firstPause * Double(deaths)
    DispatchQueue.global().asyncAfter(deadline: .now() + min(pause, Self.longestPause)) { [self] in fill(number) }
  }

  private func giveUp(_ failure: CommandFailure) {
    let isFirst = lock.withLock { () -> Bool in
      if isEnding || reason != nil { return false }
      reason = failure
      isEnding = true
      return true
    }
    if isFirst { gaveUp() }
  }

  private func lastWords(of number: Int) -> String? {
    let start = lock.withLock { members[number].logStart }
    guard let file = FileHandle(forReadingAtPath: log(number)) else { return nil }
    try? file.seek(toOffset: start)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    return text.split(separator: "\n").last.map { $0.hasPrefix("nocturne: ") ? String($0.dropFirst(10)) : String($0) }
  }
}
