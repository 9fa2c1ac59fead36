import ArgumentParser
import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire
import NocturneWorker

struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Render for a coordinator until the run is over or until told to stop.",
    discussion: """
      Given --connect several times, it works for the first coordinator that has work, and asks from the top again after \
      each shard of a later one; it ends when all their runs are over. \
      On a machine that will be taken away, say when (--for or --until): what would not be finished by then is not begun, \
      and costs nobody a try. \
      The first SIGINT or SIGTERM finishes what is being rendered and hands the rest back, the second stops at once. \
      What was rendered and not yet accepted waits in the outbox, also over a kill and a restart.
      """)

  @OptionGroup var connecting: ConnectingOptions
  @Option(help: "Checkpoint directory. Default: the checkpoint shipped in Models/.")
  var model: String?
  @Option(help: "Directory of the external text encoder's model.safetensors and vocab.txt.")
  var textEncoder: String?
  @Option(help: "Threads that compute. Default: every core.")
  var threads: Int?
  @Option(help: "auto, bf16, f32 or int8.")
  var precision = NumericPrecision.auto
  @Option(
    help: "Directory of finished clips on their way; one for each worker. Default: in the user's state directory.")
  var outbox: String?
  @Option(help: "Seconds to wait for a lost coordinator to return. Default: for ever.")
  var patience: Double?
  @Option(name: .customLong("for"), help: "Seconds until this machine is taken away.")
  var allocation: Double?
  @Option(help: "When this machine is taken away: 06:30 (the next one, local time) or 2026-11-25T06:30:00+01:00.")
  var until: String?
  @Option(help: "Comma-separated tags that say what this worker is good for.")
  var tags: String?

  func validate() throws {
    if let threads { try requireThreads(threads) }
    if let allocation, !(allocation > 0 && allocation.isFinite) {
      throw ValidationError("--for is \(allocation.plain); it must be a number of seconds above 0")
    }
    let names = tags?.split(separator: ",") ?? []
    if names.count > WireLimits.listEntries || names.contains(where: { $0.utf8.count > WireLimits.nameBytes }) {
      throw ValidationError(
        "--tags: at most \(WireLimits.listEntries) tags of at most \(WireLimits.nameBytes) bytes each")
    }
    if allocation != nil, until != nil { throw ValidationError("--for and --until exclude each other; give one") }
    _ = try secondsUntil()
    if let patience, !(patience >= 0 && patience.isFinite) {
      throw ValidationError("--patience is \(patience.plain); it must be a number of seconds, 0 or more")
    }
  }

  func run() throws {
    let start = Date()
    let posts = try connecting.resolve()
    let renderer = try renderer()
    let process = WorkerProcess(
      posts: posts, outbox: outbox ?? Self.defaultOutbox, patienceSeconds: patience,
      allocationSeconds: try secondsUntil() ?? allocation.map { $0 - Date().timeIntervalSince(start) },
      tags: tags?.split(separator: ",").map(String.init) ?? [])
    let exit = try process.run(renderer)
    if exit.status != 0 { throw CommandFailure(exit) }
  }

  /// - Throws: `ValidationError` when `--until` is no time, or past.
  private func secondsUntil() throws -> Double? {
    guard let until else { return nil }
    guard let end = AllocationEnd(until) else {
      throw ValidationError(
        "--until is '\(until)'; give a time like 06:30, or a date and time like 2026-11-25T06:30:00+01:00")
    }
    let seconds = end.date.timeIntervalSinceNow
    if seconds <= 0 { throw ValidationError("--until \(until) is past; give a time to come") }
    return seconds
  }

  private func renderer() throws -> any Renderer {
    Drill.announce()
    if let log = Drill.log { return try DrillRenderer(log: log) }
    return try EngineRenderer(
      location: ModelLocation(model: model, textEncoder: textEncoder),
      threads: threads ?? ProcessInfo.processInfo.activeProcessorCount, precision: precision)
  }

  /// `~/.local/state/nocturne/outbox`: one worker of a user and machine can do without naming one.
  private static var defaultOutbox: String {
    let environment = ProcessInfo.processInfo.environment
    let state = environment["XDG_STATE_HOME"] ?? (environment["HOME"] ?? "/tmp") + "/.local/state"
    return state + "/nocturne/outbox"
  }
}
