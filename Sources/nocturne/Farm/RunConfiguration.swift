import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneModels

/// What `run.json` and the journal keep of a run's configuration.
enum RunConfiguration {
  /// What the results depend on: a run directory is never continued with anything else.
  static func record(of run: ResolvedRun, manifest: ManifestSummary) -> RunRecord {
    var settings: [String: String] = [:]
    let asked = run.reader.options.run
    var standard = RenderSettings.standard
    standard.seconds = standard.seconds.map { min($0, run.reader.options.limits.maximumSeconds) }
    for option in RenderOption.allCases {
      settings[option.rawValue] = asked.text(of: option) ?? standard.text(of: option)
    }
    settings["limit"] = run.reader.options.limit.map(String.init) ?? "none"
    settings["precision"] = run.precision.rawValue
    return RunRecord(
      manifest: manifest.file, manifestSHA256: manifest.sha256, modelFingerprint: run.fingerprint, settings: settings)
  }

  /// The caller's part of `run.json`.
  static func document(of run: ResolvedRun, manifest: ManifestSummary) throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return try encoder.encode(
      Document(
        nocturne: buildVersion, manifest: manifest.file, manifestFormat: manifest.format.rawValue,
        manifestRows: manifest.report.rows, strict: run.reader.options.strict, job: run.job?.path,
        model: run.location.checkpoint.path, modelConfiguration: run.configuration.name,
        textEncoder: run.location.textEncoder?.path, listen: run.endpoints.listen, workers: run.workers,
        threads: run.threads, precision: run.precision.rawValue, policy: run.policy))
  }

  private struct Document: Encodable {
    var nocturne: String
    var manifest: String
    var manifestFormat: String
    var manifestRows: Int
    var strict: Bool
    var job: String?
    var model: String
    var modelConfiguration: String
    var textEncoder: String?
    var listen: String?
    var workers: Int
    var threads: Int
    var precision: String
    var policy: FarmPolicy
  }
}

extension RenderSettings {
  /// What holds where no layer says anything.
  static var standard: RenderSettings {
    let spec = RenderSpec()
    return RenderSettings(
      steps: spec.steps, guidance: spec.guidance, seconds: spec.seconds, seed: 0, takes: 1, format: spec.format,
      schedule: spec.schedule)
  }
}
