import ArgumentParser
import Foundation
import NocturneFarm
import NocturneManifest
import NocturneModels
import NocturneRender

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Validate a manifest or job and say what a run would do: items, audio, arithmetic, time, disk.",
    discussion: "With --measure a shard is rendered first as each worker would, and the hours come from it.")

  @Argument(help: "Job file or manifest, or - for a manifest on standard input.")
  var source: String
  @Option(help: "Run directory, to check its file system.")
  var out: String?
  @Flag(help: "Render a shard for each worker to measure this machine, about a minute.")
  var measure = false
  @OptionGroup var options: RunOptions

  func run() throws {
    let run = try ResolvedRun(source: source, out: out, options: options)
    // What only the evening's command would refuse is refused here.
    _ = try Hooks(job: run.job)
    var kinds: [RenderSpec: Int] = [:]
    var faults: [ManifestError] = []
    let summary = try run.reader.forEach(
      badRow: { faults += $0.faults }, item: { kinds[$0.spec, default: 0] += 1 })
    let report = summary.report
    // In an order of their own: sums of fractions depend on it.
    let ordered = kinds.sorted { Self.rank($0.key, $0.value) > Self.rank($1.key, $1.value) }
    let macs = ordered.reduce(0.0) { sum, kind in
      let work = ModelWork(run.configuration, seconds: kind.key.seconds)
      return sum + Double(kind.value) * Double(work.total(steps: kind.key.steps, guidance: kind.key.guidance))
    }
    // 24-bit mono; FLAC of music keeps about two thirds.
    let bytes = ordered.reduce(0.0) { sum, kind in
      let raw = Double(kind.value) * kind.key.seconds * Double(run.configuration.sampleRate) * 3
      return sum + (kind.key.format == .flac ? raw * 0.67 : raw)
    }
    if let notice = run.location.notice { Terminal.remark("nocturne: \(notice)") }
    let trial = measure ? try trial(of: run, ordered.first?.key, items: report.items) : nil
    let seconds = trial.map { $0.loadSeconds / Double($0.workers) + $0.secondsPerMAC * macs }

    if run.json {
      var object: [String: Any] = [
        "manifest": summary.file, "format": summary.format.rawValue, "manifest_sha256": summary.sha256,
        "rows": report.rows, "bad_rows": report.badRows, "items": report.items, "audio_seconds": report.seconds,
        "macs": macs, "disk_bytes": Int(bytes), "model": run.location.checkpoint.path,
        "model_configuration": run.configuration.name, "workers": run.workers, "threads": run.threads,
        "shard_items_at_most": run.policy.sharding.maxItems, "notes": report.notes.map(\.description),
        "faults": faults.prefix(1000).map(\.description),
      ]
      object["render_seconds"] = seconds
      object["trial"] = trial.map { ["workers": $0.workers, "clips": $0.clips] }
      return try printJSON(object)
    }
    for fault in faults { Terminal.remark("\(fault)") }
    if run.quiet { return }
    for note in report.notes { Terminal.remark("\(note)") }
    print("manifest    \(summary.file) (\(summary.format.rawValue), \(summary.bytes) bytes)")
    print("rows        \(report.rows), of which \(report.badRows) bad")
    print("items       \(report.items) of \(report.selectedRows) rows, \(kinds.count) kind(s) of clip")
    print("audio       \(ProgressMeter.clock(report.seconds))")
    print("model       \(run.configuration.name), \(run.location.checkpoint.path)")
    print("arithmetic  \(String(format: "%.3g", macs / 1e12)) T multiply-accumulates")
    print("disk        about \(Int(bytes / 1e6)) MB")
    print("workers     \(run.workers) x \(run.threads) thread(s), shards of at most \(run.policy.sharding.maxItems)")
    if let seconds { print("time        about \(ProgressMeter.clock(seconds)) on this machine") }
  }

  /// The commonest kind first; of equally common ones always the same.
  private static func rank(_ kind: RenderSpec, _ count: Int) -> (Int, Double, Int, Double, String, String) {
    (count, kind.seconds, kind.steps, kind.guidance, kind.schedule.rawValue, kind.format.rawValue)
  }

  /// A trial of the commonest kind of clip; nil for an empty manifest.
  private func trial(of run: ResolvedRun, _ spec: RenderSpec?, items: Int) throws -> PlanTrial? {
    try spec.map { try PlanTrial(run, spec: $0, items: items) }
  }
}
