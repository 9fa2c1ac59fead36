package import Foundation
package import NocturneTensor

/// A checkpoint on disk: `config.json`, `manifest.json`, one safetensors file per module, `vocab.txt` (model.md
/// section 13). Opening reads the two documents; the files are checked when they are read.
package struct CheckpointDirectory: Sendable {
  package let url: URL
  package let configuration: ModelConfiguration
  package let manifest: CheckpointManifest
  package let fingerprint: String
  /// Where an external text encoder's files lie.
  package let textEncoderDirectory: URL?

  package static let configurationName = "config.json"
  package static let manifestName = "manifest.json"
  package static let vocabularyName = "vocab.txt"

  /// - Parameter textEncoderDirectory: holds `model.safetensors` and `vocab.txt` where the configuration's text encoder
  ///   is an installed package.
  /// - Throws: `CheckpointError`, `ConfigurationError`.
  package init(_ url: URL, textEncoderDirectory: URL?) throws {
    self.url = url
    self.textEncoderDirectory = textEncoderDirectory
    let file = url.appendingPathComponent(Self.configurationName)
    guard let document = try? Data(contentsOf: file) else {
      throw CheckpointError(
        .missingFile, file: file.path, "cannot be read; the directory is no checkpoint (`nocturne model new` makes one)"
      )
    }
    configuration = try ModelConfiguration(document: document, source: file.path)
    manifest = try CheckpointManifest(contentsOf: url.appendingPathComponent(Self.manifestName))
    fingerprint = manifest.fingerprint(configuration: document)
  }

  /// Layouts of the files that text to music reads.
  package static func layouts(_ configuration: ModelConfiguration) -> [ModuleLayout] {
    [
      TextTower.layout(configuration), ResidualQuantizer.layout(configuration), SemanticLM.layout(configuration),
      Denoiser.layout(configuration), WaveformDecoder.layout(configuration),
    ]
  }

  /// Opens a module's file after comparing its digest with the manifest's.
  package func weights(_ layout: ModuleLayout, on backend: any Backend) throws -> ModuleWeights {
    let path = try checkedFile(layout.fileName)
    return ModuleWeights(try SafetensorsFile(path: path.path), layout: layout, on: backend)
  }

  /// Opens the external text encoder after comparing its digest with the configuration's.
  package func externalEncoder(on backend: any Backend) throws -> ModuleWeights {
    guard let external = configuration.mulan.bert.external else {
      preconditionFailure("CheckpointDirectory: the text encoder is the checkpoint's own")
    }
    let file = try externalFile("model.safetensors", external, digest: external.weightsSHA256)
    return ModuleWeights(
      try SafetensorsFile(path: file.path), layout: TextTower.externalLayout(configuration), on: backend)
  }

  /// What an external encoder's file may hold besides what is read.
  package static let externalExtras = ["pooler.", "embeddings.position_ids"]

  /// The text encoder's vocabulary, checked.
  package func wordPiece() throws -> WordPiece {
    let file: URL
    if let external = configuration.mulan.bert.external {
      file = try externalFile(Self.vocabularyName, external, digest: external.vocabSHA256)
    } else {
      file = try checkedFile(Self.vocabularyName)
    }
    let wordPiece = try WordPiece(contentsOf: file)
    let expected = configuration.mulan.bert.vocab
    guard wordPiece.count == expected else {
      throw CheckpointError(
        .vocabulary, file: file.path, "\(wordPiece.count) entries, expected \(expected) (mulan.bert.vocab)")
    }
    return wordPiece
  }

  /// A file of the manifest whose size and digest are as it says.
  package func checkedFile(_ name: String) throws(CheckpointError) -> URL {
    let file = url.appendingPathComponent(name)
    guard let entry = manifest.files[name] else {
      throw CheckpointError(
        .missingFile, file: file.path, "is not in \(Self.manifestName); export the checkpoint with all its modules")
    }
    let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
    guard let size = (attributes?[.size] as? NSNumber)?.intValue else {
      throw CheckpointError(.missingFile, file: file.path, "is missing; restore the checkpoint")
    }
    guard size == entry.bytes else {
      throw CheckpointError(
        .digest, file: file.path, "\(size) bytes, expected \(entry.bytes) (\(Self.manifestName)); copy it again")
    }
    let digest = try FileDigest.of(file)
    guard digest == entry.sha256 else {
      throw CheckpointError(
        .digest, file: file.path,
        "SHA-256 \(digest.prefix(12))..., expected \(entry.sha256.prefix(12))... (\(Self.manifestName)); copy it again")
    }
    return file
  }

  private func externalFile(_ name: String, _ external: ModelConfiguration.ExternalEncoder, digest expected: String)
    throws(CheckpointError) -> URL
  {
    let install = "install \(external.package)==\(external.version)"
    guard let textEncoderDirectory else {
      throw CheckpointError(
        .textEncoder, file: url.path, "needs the text encoder package \(external.package); \(install)")
    }
    let file = textEncoderDirectory.appendingPathComponent(name)
    guard FileManager.default.isReadableFile(atPath: file.path) else {
      throw CheckpointError(.missingFile, file: file.path, "is missing; \(install)")
    }
    let digest = try FileDigest.of(file)
    guard digest == expected else {
      throw CheckpointError(
        .digest, file: file.path, "SHA-256 \(digest.prefix(12))..., expected \(expected.prefix(12))...; \(install)")
    }
    return file
  }
}
