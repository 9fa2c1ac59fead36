import ArgumentParser
import Foundation
import NocturneCPU
import NocturneManifest
import NocturneModels
import NocturneRender

struct BenchRenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Render clips from caption to verified file in this process, with random weights where none are shipped.")

  @Option(help: "paper, demo or tiny.")
  var config = "demo"
  @Option(help: "Checkpoint directory instead of --config.")
  var model: String?
  @Option(help: "Directory of the external text encoder.")
  var textEncoder: String?
  @Option(help: "Clips, rendered as one shard.")
  var clips = 1
  @Option var steps = 5
  @Option var guidance = 2.5
  @Option(help: "Length of a clip in seconds. Default: the configuration's.")
  var seconds: Double?
  @Option var threads = ProcessInfo.processInfo.activeProcessorCount
  @Option(help: "auto, bf16, f32 or int8.")
  var precision = NumericPrecision.auto
  @Flag(help: "One JSON object.")
  var json = false

  func validate() throws {
    if clips < 1 { throw ValidationError("--clips is \(clips); it starts at 1") }
    try requireClip(steps: steps, guidance: guidance, seconds: seconds)
    try requireThreads(threads)
  }

  func run() throws {
    let encoder = try ModelLocation.textEncoder(textEncoder)
    let named = try NamedConfiguration(named: config)
    let folder = "Models/\(config)"
    let shipped = ModelLocation.ancestor(containing: folder + "/config.json")?.appending(path: folder)
    let checkpoint = try model ?? (shipped ?? ModelLocation.randomCheckpoint(named: named, textEncoder: encoder)).path
    let location = try ModelLocation(model: checkpoint, textEncoder: encoder?.path)
    var renderer: EngineRenderer?
    let loadSeconds = try Measurement.seconds {
      renderer = try EngineRenderer(location: location, threads: threads, precision: precision)
    }
    guard let renderer else { return }
    let configuration = renderer.engine.model.configuration
    let length = seconds ?? Double(configuration.clipSeconds)

    let items = Self.items(count: clips, spec: RenderSpec(steps: steps, guidance: guidance, seconds: length))
    var times = StageTimes()
    var faults: [String] = []
    let wall = Measurement.seconds {
      renderer.engine.render(items, progress: { _ in true }) { key, result in
        switch result {
        case .success(let clip): times += clip.times
        case .failure(let error): faults.append("\(key): \(error)")
        }
      }
    }
    if let fault = faults.first { throw CommandFailure(.failure, "clips that failed: \(faults.count); \(fault)") }
    // Before the large product, whose matrices no worker has.
    let resident = ResourceUse.peakResidentBytes
    let backend = CPUBackend(threads: threads, precision: precision.product)
    let work = ModelWork(configuration, seconds: length)
    let together = min(
      renderer.engine.limits.semantic, SemanticLM.together(configuration, tokens: work.tokens))
    let groups = (clips - 1) / together + 1
    let decoding = Decoding(
      captions: (clips - 1) / groups + 1, seconds: times[.lm] / Double(groups * work.tokens),
      bytes: work.lmWeights * backend.robustWeightBytes, bandwidth: MemoryReading.bytesPerSecond(threads: threads))
    try report(
      configuration, work, numericClass: renderer.numericClass, length: length, wall: wall, load: loadSeconds,
      times: times, decoding: decoding, peak: ProductPeak.flops(on: backend), resident: resident)
  }

  /// One step of the language model, which reads all its weights for a token of each caption; the opening of the captions
  /// and the drawing of tokens are shared out among the steps.
  private struct Decoding {
    let captions: Int
    let seconds: Double
    /// Of the weights.
    let bytes: Int
    /// Bytes per second.
    let bandwidth: Double

    var timesReading: Double { seconds * bandwidth / Double(bytes) }
  }

  private func report(
    _ configuration: ModelConfiguration, _ work: ModelWork, numericClass: String, length: Double, wall: Double,
    load: Double, times: StageTimes, decoding: Decoding, peak: Double, resident: Int
  ) throws {
    let macs: [StageName: Int] = [
      .text: work.text, .lm: work.lm, .dpd: work.diffusion(steps: steps, guidance: guidance), .vae: work.decoder,
      .encode: 0,
    ]
    let perClip = wall / Double(clips)
    let arithmetic = 2 * Double(work.total(steps: steps, guidance: guidance))
    if json {
      return try printJSON([
        "config": configuration.name, "clips": clips, "steps": steps, "guidance": guidance, "seconds": length,
        "threads": threads, "numeric_class": numericClass, "load_seconds": load, "seconds_per_clip": perClip,
        "audio_seconds_per_second": length / perClip,
        "stages": Dictionary(
          uniqueKeysWithValues: StageName.allCases.map { stage -> (String, [String: Any]) in
            let seconds = times[stage] / Double(clips)
            let flops = 2 * Double(macs[stage] ?? 0) / max(seconds, 1e-9)
            return (stage.rawValue, ["seconds": seconds, "macs": macs[stage] ?? 0, "peak_fraction": flops / peak])
          }),
        "lm_step": [
          "captions": decoding.captions, "seconds": decoding.seconds, "weight_bytes": decoding.bytes,
          "times_reading": decoding.timesReading,
        ],
        "memory_bytes_per_second": decoding.bandwidth, "gemm_peak_flops": peak,
        "peak_fraction": arithmetic / perClip / peak, "peak_rss_bytes": resident,
      ])
    }
    print("\(configuration.name), \(clips) clip(s) of \(length.plain) s, \(steps) steps, guidance \(guidance.plain)")
    print("\(numericClass), \(threads) threads, ready after \(Self.short(load)) s")
    for stage in StageName.allCases {
      let seconds = times[stage] / Double(clips)
      let share = 2 * Double(macs[stage] ?? 0) / max(seconds, 1e-9) / peak
      print(
        "  \(stage.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)) \(Self.short(seconds)) s/clip  "
          + "\(Self.short(Double(macs[stage] ?? 0) / 1e9)) GMAC  \(Int((100 * share).rounded())) % of peak")
    }
    print(
      "  lm step  \(Self.short(decoding.seconds * 1e3)) ms for \(decoding.captions) captions, "
        + "\(Self.short(decoding.timesReading)) times the reading of its weights "
        + "(\(Self.short(Double(decoding.bytes) / 1e6)) MB at \(Self.short(decoding.bandwidth / 1e9)) GB/s)")
    print("  whole    \(Self.short(perClip)) s/clip, \(Self.short(length / perClip)) times real time")
    print(
      "  best large product \(Self.short(peak / 1e9)) GFLOP/s, of which \(Int((100 * arithmetic / perClip / peak).rounded())) %"
    )
    print("  peak resident \(resident >> 20) MiB")
  }

  /// Clips of different captions and seeds, numbered from `first`.
  static func items(count: Int, spec: RenderSpec, from first: Int = 0) -> [Item] {
    let instruments = ["piano", "strings", "marimba", "flute", "guitar", "organ", "trumpet", "synth"]
    return (first..<first + count).map { number in
      let id = "bench-\(number)"
      return Item(
        key: ItemKey(row: id, take: 1),
        caption: "A slow \(instruments[number % instruments.count]) melody over soft drums and a warm bass.",
        spec: spec, seed: UInt64(number), fileName: "\(id).flac")
    }
  }

  private static func short(_ value: Double) -> String { String(format: value >= 100 ? "%.0f" : "%.3f", value) }
}
