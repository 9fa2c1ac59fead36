import ArgumentParser
import Foundation
import NocturneFarm
import NocturneManifest
import NocturneModels
import NocturneRender

/// A run with every question answered: manifest row > command line > job file > model default.
struct ResolvedRun {
  /// Path, or `-`.
  var manifest: String
  var job: Job?
  var out: URL?
  var location: ModelLocation
  var configuration: ModelConfiguration
  var fingerprint: String
  var reader: ManifestReader
  var policy: FarmPolicy
  var precision: NumericPrecision
  var workers: Int
  var threads: Int
  /// Where the coordinator listens, and with which keys, when the command line or the job says so.
  var endpoints: Job.Endpoints
  var json: Bool
  var quiet: Bool

  /// - Parameters:
  ///   - source: a manifest or a job file, told apart by content.
  ///   - localWorkers: how many when neither command line nor job says so; nil for what suits the machine.
  /// - Throws: `JobError`, `CheckpointError`, `ValidationError`, `CommandFailure`.
  init(
    source: String, out: String?, endpoints: Job.Endpoints = Job.Endpoints(), options: RunOptions,
    workers localWorkers: Int? = nil
  ) throws {
    let job = source != "-" && Job.isJob(path: source) ? try Job.read(path: source) : nil
    self.job = job
    manifest = job?.manifest ?? source
    if out?.isEmpty == true { throw ValidationError("--out is empty; name a directory") }
    self.out = (out ?? job?.out).map { URL(filePath: $0, directoryHint: .isDirectory).standardizedFileURL }
    location = try ModelLocation(
      model: options.model ?? job?.model, textEncoder: options.textEncoder ?? job?.textEncoder)
    let checkpoint = try CheckpointDirectory(location.checkpoint, textEncoderDirectory: location.textEncoder)
    configuration = checkpoint.configuration
    fingerprint = Drill.log == nil ? checkpoint.fingerprint : Drill.fingerprint
    Drill.announce()

    let limits = RenderLimits(above: ClipLength.shortest, maximumSeconds: Double(configuration.clipSeconds))
    // Once more, now that the model's lengths are known, for the place of what it cannot render.
    if let job { _ = try Job.read(path: job.path, limits: limits) }
    let model = RenderSettings(
      guidance: configuration.dpd.guidance, schedule: AngleScheduleKind(rawValue: configuration.dpd.schedule.rawValue))
    let asked = try (job?.settings ?? RenderSettings()).overlaid(by: options.settings(limits: limits))
    if let fault = asked.firstFault(limits: limits) { throw ValidationError(fault.message) }
    reader = ManifestReader(
      path: manifest,
      options: ManifestReader.Options(
        run: model.overlaid(by: asked), limits: limits,
        caseFolding: self.out.map(Self.foldsCase) ?? false, strict: options.strict || job?.strict ?? false,
        limit: options.limit ?? job?.limit))

    policy = FarmPolicy(job: job)
    precision = options.precision.flatMap(NumericPrecision.init(rawValue:)) ?? job?.precision ?? .auto
    let cores = ProcessInfo.processInfo.activeProcessorCount
    // A small model runs best with a worker on each core; a large one would fill the memory with copies of itself.
    let large = checkpoint.manifest.files.values.reduce(0) { $0 + $1.bytes } > 500_000_000
    threads = options.threads ?? job?.threads ?? (large ? cores : 1)
    workers = options.workers ?? job?.workers ?? localWorkers ?? (large ? 1 : max(1, cores / threads))
    self.endpoints = (job?.endpoints ?? Job.Endpoints()).overlaid(by: endpoints)
    json = options.json || job?.json ?? false
    quiet = options.quiet || job?.quiet ?? false
  }

  /// - Throws: `ValidationError` when neither command line nor job names a run directory.
  func runDirectory() throws -> URL {
    guard let out else { throw ValidationError("no run directory: give --out RUN, or `out` in the job file") }
    return out
  }

  /// Whether the file system where the run will lie folds case, tried on a file beside it.
  private static func foldsCase(_ out: URL) -> Bool {
    var folder = out
    while !FileManager.default.fileExists(atPath: folder.path), folder.path != "/" {
      folder = folder.deletingLastPathComponent()
    }
    let name = ".nocturne-Case-\(getpid())"
    let probe = folder.appending(path: name)
    guard FileManager.default.createFile(atPath: probe.path, contents: nil) else { return false }
    defer { try? FileManager.default.removeItem(at: probe) }
    return FileManager.default.fileExists(atPath: folder.appending(path: name.lowercased()).path)
  }
}
