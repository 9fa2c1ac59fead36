import ArgumentParser
import Foundation
import NocturneManifest
import NocturneModels

struct ModelInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Parameters per module, multiply-accumulates and memory per clip, fingerprint.")

  @Option(help: "A named configuration: paper, demo or tiny.")
  var config: String?
  @Option(help: "A checkpoint directory. Default without --config: the checkpoint shipped in Models/.")
  var model: String?
  @Option(help: "Directory of the external text encoder's model.safetensors and vocab.txt.")
  var textEncoder: String?
  @Option(help: "Length of the clip in seconds. Default: the configuration's.")
  var seconds: Double?
  @Option var steps = 5
  @Option var guidance = 2.5
  @Flag(help: "One JSON object.")
  var json = false

  func validate() throws {
    if config != nil, model != nil { throw ValidationError("give --config or --model, not both") }
    try requireClip(steps: steps, guidance: guidance, seconds: seconds)
  }

  func run() throws {
    var fingerprint: String?
    let configuration: ModelConfiguration
    if let config {
      configuration = try NamedConfiguration(named: config).configuration
    } else {
      let location = try ModelLocation(model: model, textEncoder: textEncoder)
      let checkpoint = try CheckpointDirectory(location.checkpoint, textEncoderDirectory: location.textEncoder)
      configuration = checkpoint.configuration
      fingerprint = checkpoint.fingerprint
    }
    let census = ModelCensus(configuration)
    let seconds = seconds ?? Double(configuration.clipSeconds)
    let work = ModelWork(configuration, seconds: seconds)
    let memory = [2, 4].map { ModelWork.memory(configuration, seconds: seconds, bytesPerWeight: $0) }
    if json {
      var object: [String: Any] = [
        "name": configuration.name, "seconds": seconds, "steps": steps, "guidance": guidance,
        "parameters": Dictionary(uniqueKeysWithValues: census.modules.map { ($0.name, $0.parameters) }),
        "macs": [
          "text": work.text, "lm": work.lm, "dpd_forward": work.forward, "dpd_coarse": work.coarse,
          "dpd_fine": work.fine, "dpd": work.diffusion(steps: steps, guidance: guidance), "vae": work.decoder,
          "total": work.total(steps: steps, guidance: guidance),
        ],
        "memory_bytes": ["bf16": memory[0], "f32": memory[1]],
      ]
      object["fingerprint"] = fingerprint
      return try printJSON(object)
    }
    print("\(configuration.name)\(fingerprint.map { ", fingerprint \($0)" } ?? "")")
    print("\nparameters")
    line("MuLan (both towers)", Self.grouped(census.mulan))
    for module in census.modules {
      let remark = module.inTextPath ? "" : " (not needed for text to music)"
      line("  \(module.name)\(remark)", Self.grouped(module.parameters))
    }
    line("text to music", Self.grouped(census.textPath))
    line("all", Self.grouped(census.total))
    print("\nmultiply-accumulates of a clip of \(seconds.plain) s, \(steps) steps, guidance \(guidance.plain)")
    line("text tower (64 tokens)", Self.giga(work.text))
    line("lm, \(work.tokens) tokens", Self.giga(work.lm))
    line("dpd, one forward", Self.giga(work.forward))
    line("  coarse path", Self.giga(work.coarse))
    line("  fine path", Self.giga(work.fine))
    line("dpd, all steps", Self.giga(work.diffusion(steps: steps, guidance: guidance)))
    line("vae decoder", Self.giga(work.decoder))
    line("total", Self.giga(work.total(steps: steps, guidance: guidance)))
    print("\nmemory of a worker, roughly")
    line("bf16 weights", "\(memory[0] >> 20) MiB")
    line("f32 weights", "\(memory[1] >> 20) MiB")
  }

  private func line(_ name: String, _ value: String) {
    print(
      "  " + name.padding(toLength: 46, withPad: " ", startingAt: 0)
        + String(repeating: " ", count: max(0, 16 - value.count)) + value)
  }

  /// `195,275,776`
  static func grouped(_ number: Int) -> String {
    var digits = String(number)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return ([digits] + groups).joined(separator: ",")
  }

  private static func giga(_ work: Int) -> String { String(format: "%.2f G", Double(work) / 1e9) }
}
