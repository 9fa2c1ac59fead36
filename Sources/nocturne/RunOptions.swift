import ArgumentParser
import Foundation
import NocturneManifest

/// The options that every command which plans or makes a run shares; a job file has a key of the same name for each.
struct RunOptions: ParsableArguments {
  @Option(help: "Checkpoint directory. Default: the checkpoint shipped in Models/.")
  var model: String?

  @Option(help: "Directory of the external text encoder's model.safetensors and vocab.txt.")
  var textEncoder: String?

  @Option(help: "Diffusion steps. Default 5.")
  var steps: String?

  @Option(help: "Guidance scale; 1 turns guidance off. Default 2.5.")
  var guidance: String?

  @Option(help: "Length of a clip in seconds. Default 10.")
  var seconds: String?

  @Option(help: "Seed of the run. Default 0.")
  var seed: String?

  @Option(help: "Takes of each row. Default 1.")
  var takes: String?

  @Option(help: "flac or wav. Default flac.")
  var format: String?

  @Option(help: "linear or uniform. Default linear.")
  var schedule: String?

  @Option(help: "Render the first so many good rows only.")
  var limit: Int?

  @Option(help: "auto, bf16, f32 or int8. Default auto: the best the processor has without 8-bit factors.")
  var precision: String?

  @Option(help: "Worker processes on this machine.")
  var workers: Int?

  @Option(help: "Threads of each worker.")
  var threads: Int?

  @Flag(help: "Refuse the whole manifest when a row is bad.")
  var strict = false

  @Flag(help: "One JSON event a line on standard output.")
  var json = false

  @Flag(help: "Errors only.")
  var quiet = false

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is \(limit); it must be at least 1") }
    if let workers, !(0...1024).contains(workers) {
      throw ValidationError("--workers is \(workers); it must be 0 to 1024")
    }
    if let threads { try requireThreads(threads) }
    if let precision, NumericPrecision(rawValue: precision) == nil {
      throw ValidationError("--precision is '\(precision)'; it must be auto, bf16, f32 or int8")
    }
    _ = try settings(limits: RenderLimits())
  }

  /// The render settings given on the command line.
  /// - Throws: `ValidationError` (exit 64) naming the option and its range.
  func settings(limits: RenderLimits) throws -> RenderSettings {
    var settings = RenderSettings()
    let given: [(RenderOption, String?)] = [
      (.steps, steps), (.guidance, guidance), (.seconds, seconds), (.seed, seed), (.takes, takes), (.format, format),
      (.schedule, schedule),
    ]
    for (option, text) in given {
      guard let text else { continue }
      do throws(SettingFault) {
        try settings.set(option, to: text, limits: limits)
      } catch {
        throw ValidationError("--\(error.message)")
      }
    }
    return settings
  }
}

/// For commands that look at clips without a run's limits.
/// - Throws: `ValidationError` for a clip that no model renders.
func requireClip(steps: Int, guidance: Double, seconds: Double?) throws {
  if !RenderLimits.steps.contains(steps) {
    throw ValidationError("--steps is \(steps); it must be 1 to \(RenderLimits.steps.upperBound)")
  }
  if !guidance.isFinite { throw ValidationError("--guidance is \(guidance.plain); it must be a number") }
  if let seconds, !(seconds > 0 && seconds <= 86_400) {
    throw ValidationError("--seconds is \(seconds.plain); it must be above 0 and at most 86400")
  }
}

/// - Throws: `ValidationError` for a number of threads that no machine has.
func requireThreads(_ threads: Int) throws {
  if !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); it must be 1 to 1024") }
}
