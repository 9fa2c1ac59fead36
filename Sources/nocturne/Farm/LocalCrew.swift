import Foundation
import NocturneManifest
import NocturneWire
import Synchronization

/// The local workers of `nocturne render`: child processes that are replaced when they die.
///
/// Each has an outbox of its own below the run's `state/`, whose lock tells whether its worker lives: one that outlived an
/// earlier coordinator is left to reconnect, and replaced only when it is gone.
final class LocalCrew: @unchecked Sendable {  // guard: `lock`
  private struct Member {
    var process: Process?
    /// Deaths in a row, each sooner than `shortLife` after its start.
    var quickDeaths = 0
    var started = Date.distantPast
  }

  private let endpoint: Endpoint
  private let state: String
  private let run: ResolvedRun
  private let gaveUp: @Sendable () -> Void
  private let lock = NSLock()
  private var members: [Member]
  private var isEnding = false
  private var reason: CommandFailure?

  private static let shortLife = 20.0
  /// A worker whose coordinator was killed waits this long for the same command to be run again.
  private static let patienceSeconds = 600
  private static let quickDeathLimit = 5

  /// - Parameter gaveUp: called once when workers die as fast as they are started.
  init(
    size: Int, endpoint: Endpoint, state: String, run: ResolvedRun, gaveUp: @escaping @Sendable () -> Void
  ) {
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
    for number in members.indices.prefix(items) { fill(number) }
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
        members[number].process = try launch(number)
      }
    } catch {
      giveUp(CommandFailure(.failure, "cannot start a worker: \(error)"))
    }
  }

  private func launch(_ number: Int) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments =
      [
        "worker", "--connect", endpoint.description, "--model", run.location.checkpoint.path, "--threads",
        "\(run.threads)", "--precision", run.precision.rawValue, "--outbox", outbox(number), "--patience",
        "\(Self.patienceSeconds)",
      ] + (run.location.textEncoder.map { ["--text-encoder", $0.path] } ?? [])
    _ = FileManager.default.createFile(atPath: log(number), contents: nil)
    let file = try FileHandle(forWritingTo: URL(filePath: log(number)))
    process.standardOutput = file
    process.standardError = file
    process.standardInput = FileHandle.nullDevice
    process.terminationHandler = { [self] in died(number, $0) }
    try process.run()
    return process
  }

  private func died(_ number: Int, _ process: Process) {
    let lastWords = lastLine(of: log(number))
    if process.terminationReason == .exit, [64, 65].contains(process.terminationStatus) {
      // Wrong input stays wrong: say what the worker said, once.
      let status = ExitStatus(rawValue: process.terminationStatus) ?? .failure
      return giveUp(CommandFailure(status, lastWords ?? "a worker refused its input; its log is \(log(number))"))
    }
    let tooOften = lock.withLock { () -> Bool in
      if process.terminationReason == .exit, process.terminationStatus == 0 {
        members[number].quickDeaths = 0
      } else {
        let lived = Date().timeIntervalSince(members[number].started)
        members[number].quickDeaths = lived < Self.shortLife ? members[number].quickDeaths + 1 : 1
      }
      return members[number].quickDeaths >= Self.quickDeathLimit
    }
    if tooOften {
      return giveUp(
        CommandFailure(
          .failure,
          "worker \(number + 1) died \(Self.quickDeathLimit) times as soon as it was started"
            + (lastWords.map { ": \($0)" } ?? "; its log is \(log(number))")))
    }
    let delay = lock.withLock { Double(members[number].quickDeaths) * 0.2 }
    DispatchQueue.global().asyncAfter(deadline: .now() + delay) { [self] in fill(number) }
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

  private func lastLine(of path: String) -> String? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    return text.split(separator: "\n").last.map { $0.hasPrefix("nocturne: ") ? String($0.dropFirst(10)) : String($0) }
  }
}
