import Foundation
import NocturneModels
import Testing

/// `Models/demo`, as a fresh clone has it.
struct ShippedModelTests {
  private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "../../Models/demo", directoryHint: .isDirectory
  ).standardized

  @Test(.enabled(if: TextEncoderPackage.directory != nil))
  func itIsSoundAndOfTheNamedConfiguration() throws {
    let checkpoint = try CheckpointDirectory(Self.directory, textEncoderDirectory: TextEncoderPackage.directory)
    try checkpoint.verify()
    #expect(checkpoint.configuration == NamedConfiguration.demo.configuration)
    let card = try String(contentsOf: Self.directory.appending(path: "README.md"), encoding: .utf8)
    #expect(card.contains("Model `\(checkpoint.fingerprint.prefix(12))`"), "the card's figures are of other weights")
  }

  @Test func itIsSmallAndHasItsCard() throws {
    var bytes: [String: Int] = [:]
    for file in try FileManager.default.contentsOfDirectory(
      at: Self.directory, includingPropertiesForKeys: [.fileSizeKey])
    where file.pathExtension == "safetensors" {
      bytes[file.deletingPathExtension().lastPathComponent] = try file.resourceValues(forKeys: [.fileSizeKey]).fileSize
    }
    let encoders = ["mulan_audio", "tokenizer", "vae_encoder"].compactMap { bytes[$0] }
    let total = bytes.values.reduce(0, +)
    #expect(bytes.count == 8 && encoders.count == 3)
    #expect(total - encoders.reduce(0, +) <= 60_000_000 && total <= 120_000_000)
    let card = try String(contentsOf: Self.directory.appending(path: "README.md"), encoding: .utf8)
    #expect(card.contains("| ") && card.contains("Licences"))
  }
}
