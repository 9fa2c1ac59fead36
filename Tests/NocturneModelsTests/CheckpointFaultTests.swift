import Foundation
import NocturneModels
import NocturneTensor
import Testing

/// Every way a checkpoint can be broken, and the line it gives.
struct CheckpointFaultTests {
  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// What the line must say.
    let says: [String]
    let damage: @Sendable (BrokenCheckpoint) throws -> Void
  }

  static let faults = [
    Fault(testDescription: "file missing", says: ["lm.safetensors", "missing"]) { try $0.remove("lm.safetensors") },
    Fault(testDescription: "config missing", says: ["config.json", "no checkpoint"]) { try $0.remove("config.json") },
    Fault(testDescription: "manifest missing", says: ["manifest.json"]) { try $0.remove("manifest.json") },
    Fault(testDescription: "manifest torn", says: ["manifest.json", "no checkpoint manifest"]) {
      try $0.edit("manifest.json") { $0.removeLast(40) }
    },
    Fault(testDescription: "manifest of fewer bytes than none", says: ["manifest.json", " is of -1 bytes"]) {
      try $0.edit("manifest.json") { data in
        data = Data(String(decoding: data, as: UTF8.self).replacing(#/"bytes" : \d+/#, with: #""bytes" : -1"#).utf8)
      }
    },
    Fault(testDescription: "manifest of brackets", says: ["manifest.json", "no checkpoint manifest"]) {
      // Where Foundation's parser traps.
      try $0.edit("manifest.json") { $0 = Data(repeating: UInt8(ascii: "["), count: 513) }
    },
    Fault(testDescription: "configuration of brackets", says: ["config.json", "not a JSON object"]) {
      try $0.edit("config.json") { $0 = Data(repeating: UInt8(ascii: "["), count: 513) }
    },
    Fault(testDescription: "file truncated", says: ["dpd.safetensors", "bytes, expected"]) {
      try $0.edit("dpd.safetensors") { $0.removeLast(1000) }
    },
    Fault(testDescription: "file truncated and the manifest with it", says: ["dpd.safetensors"]) {
      try $0.edit("dpd.safetensors") { $0.removeLast(1000) }
      try $0.sign("dpd.safetensors")
    },
    Fault(testDescription: "one bit flipped", says: ["vae_decoder.safetensors", "SHA-256"]) {
      try $0.edit("vae_decoder.safetensors") { $0[$0.count - 3] ^= 1 }
    },
    Fault(
      testDescription: "wrong shape",
      says: ["lm.safetensors", "layers.0.attention.q.weight", "[64, 64]", "[64, 65]"]
    ) { try $0.replace("layers.0.attention.q.weight", in: "lm", with: (Shape([64, 65]), 0)) },
    Fault(testDescription: "not a number", says: ["lm.safetensors", "norm.weight", "finite"]) {
      try $0.replace("norm.weight", in: "lm", with: (Shape([64]), .nan))
    },
    Fault(testDescription: "infinite", says: ["dpd.safetensors", "blocks.3.sru.1.bias", "finite"]) {
      try $0.replace("blocks.3.sru.1.bias", in: "dpd", with: (Shape([2, 2, 48]), .infinity))
    },
    Fault(testDescription: "key missing", says: ["rvq.safetensors", "codebooks"]) {
      try $0.replace("codebooks", in: "rvq", with: nil)
    },
    Fault(testDescription: "unused key", says: ["mulan_text.safetensors", "bert.pooler.dense.weight"]) {
      try $0.replace("bert.pooler.dense.weight", in: "mulan_text", with: (Shape([2]), 1))
    },
    Fault(testDescription: "vocabulary cut", says: ["vocab.txt", "297", "298"]) {
      try $0.edit("vocab.txt") { $0.removeLast(4) }
      try $0.sign("vocab.txt")
    },
    Fault(testDescription: "configuration of another size", says: ["lm.safetensors"]) {
      try $0.edit("config.json") { data in
        let text = String(decoding: data, as: UTF8.self)
        data = Data(text.replacingOccurrences(of: "\"semanticVocab\" : 32", with: "\"semanticVocab\" : 33").utf8)
      }
    },
    Fault(testDescription: "module absent from the manifest", says: ["rvq.safetensors", "manifest.json"]) {
      try $0.edit("manifest.json") { data in
        let text = String(decoding: data, as: UTF8.self)
        data = Data(text.replacingOccurrences(of: "rvq.safetensors", with: "other.safetensors").utf8)
      }
    },
  ]

  @Test(arguments: faults)
  func brokenCheckpointIsRefusedInOneLine(fault: Fault) throws {
    let broken = try BrokenCheckpoint()
    #expect(throws: Never.self) { try broken.load() }
    try fault.damage(broken)
    let errors = [
      try #require(throws: (any Error).self) { try broken.load() },
      try #require(throws: (any Error).self) { try broken.verify() },
    ]
    for error in errors {
      let line = "\(error)"
      for word in fault.says { #expect(line.contains(word), "\(line)") }
      #expect(!line.contains("\n") && line.contains("/"))
      #expect(error is CheckpointError || error is SafetensorsError || error is ConfigurationError)
    }
  }
}

/// A tiny checkpoint to damage.
final class BrokenCheckpoint {
  private let folder: TemporaryFolder
  private var directory: URL { folder.url.appendingPathComponent("model") }

  init() throws {
    folder = try TemporaryFolder()
    try CheckpointMaker(NamedConfiguration.tiny.configuration, seed: 8).make(directory)
  }

  @discardableResult
  func load(on backend: any Backend = ReferenceBackend()) throws -> MeLoDy {
    try MeLoDy(directory: directory, backend: backend, textEncoderDirectory: nil)
  }

  func verify() throws { try CheckpointDirectory(directory, textEncoderDirectory: nil).verify() }

  func remove(_ name: String) throws { try FileManager.default.removeItem(at: directory.appendingPathComponent(name)) }

  func edit(_ name: String, _ change: (inout Data) -> Void) throws {
    let file = directory.appendingPathComponent(name)
    var data = try Data(contentsOf: file)
    change(&data)
    try data.write(to: file)
  }

  /// Makes the manifest agree with what the file now holds.
  func sign(_ name: String) throws {
    let file = directory.appendingPathComponent(name)
    var manifest = try CheckpointManifest(contentsOf: directory.appendingPathComponent("manifest.json"))
    manifest.files[name]?.sha256 = try FileDigest.of(file)
    manifest.files[name]?.bytes = try Data(contentsOf: file).count
    try manifest.document.write(to: directory.appendingPathComponent("manifest.json"))
  }

  /// Writes a module again with one tensor changed, added or left out, and signs it.
  func replace(_ key: String, in module: String, with value: (Shape, Float)?) throws {
    let path = directory.appendingPathComponent(module + ".safetensors").path
    let backend = ReferenceBackend()
    var tensors: [String: Tensor] = [:]
    let file = try SafetensorsFile(path: path)
    for name in file.keys { tensors[name] = try file.tensor(name, on: backend) }
    tensors[key] = value.map { .full($0.1, shape: $0.0, on: backend) }
    try SafetensorsWriter(path: path).write(tensors)
    try sign(module + ".safetensors")
  }
}
