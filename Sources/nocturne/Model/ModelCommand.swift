import ArgumentParser
import Foundation
import NocturneModels
import NocturneTensor

struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Make, describe and verify checkpoints.",
    subcommands: [ModelNewCommand.self, ModelInfoCommand.self, ModelVerifyCommand.self])
}

struct ModelNewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Make a checkpoint with random weights for a named configuration.")

  @Option(help: "paper, demo or tiny.")
  var config: String
  @Option(help: "Directory to make; it may exist where it is empty.")
  var out: String
  @Option(help: "Seed of the weights.")
  var seed: UInt64 = 0
  @Option(help: "f32, bf16 or f16. Default: f32 for tiny, bf16 otherwise.")
  var dtype: String?
  @Option(help: "Directory of the external text encoder's model.safetensors and vocab.txt.")
  var textEncoder: String?

  func run() throws {
    let stored = try dtype.map { name in
      guard let found = ["f32": DType.f32, "bf16": .bf16, "f16": .f16][name] else {
        throw ValidationError("--dtype is '\(name)'; it must be f32, bf16 or f16")
      }
      return found
    }
    let maker = CheckpointMaker(
      try NamedConfiguration(named: config).configuration, seed: seed, dtype: stored,
      textEncoderDirectory: try ModelLocation.textEncoder(textEncoder))
    let fingerprint = try maker.make(URL(filePath: out, directoryHint: .isDirectory)) { Terminal.remark("wrote \($0)") }
    print(fingerprint)
  }
}

struct ModelVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Every tensor present, used, shaped and finite; digests match.")

  @Option(help: "Checkpoint directory. Default: the checkpoint shipped in Models/.")
  var model: String?
  @Option(help: "Directory of the external text encoder's model.safetensors and vocab.txt.")
  var textEncoder: String?

  func run() throws {
    let location = try ModelLocation(model: model, textEncoder: textEncoder)
    let checkpoint = try CheckpointDirectory(location.checkpoint, textEncoderDirectory: location.textEncoder)
    try checkpoint.verify()
    print("\(location.checkpoint.path): sound, \(checkpoint.configuration.name), fingerprint \(checkpoint.fingerprint)")
  }
}
