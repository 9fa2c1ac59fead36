package import Foundation
import NocturneJSON

/// `manifest.json` of a checkpoint directory (model.md section 13).
package struct CheckpointManifest: Codable, Hashable, Sendable {
  package struct Entry: Codable, Hashable, Sendable {
    /// Lower-case hexadecimal.
    package var sha256: String
    package var bytes: Int
    /// Values in the file, and their type; absent for files without tensors.
    package var parameters: Int?
    package var dtype: String?
  }

  package var format: Int
  package var files: [String: Entry]
  package var licence: String
  /// Where the weights come from. Trainers may write more than text here; only text is kept.
  package var provenance: [String: String]

  package static let currentFormat = 1

  package init(files: [String: Entry], licence: String, provenance: [String: String]) {
    format = Self.currentFormat
    self.files = files
    self.licence = licence
    self.provenance = provenance
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    format = try container.decode(Int.self, forKey: .format)
    files = try container.decode([String: Entry].self, forKey: .files)
    licence = try container.decodeIfPresent(String.self, forKey: .licence) ?? ""
    provenance = (try? container.decodeIfPresent([String: String].self, forKey: .provenance)) ?? [:]
  }

  /// Reads and checks a manifest.
  package init(contentsOf file: URL) throws(CheckpointError) {
    guard let data = try? Data(contentsOf: file) else {
      throw CheckpointError(
        .missingFile, file: file.path, "cannot be read; the directory is no checkpoint (`nocturne model new` makes one)"
      )
    }
    guard isShallow(data), let manifest = try? JSONDecoder().decode(CheckpointManifest.self, from: data) else {
      throw CheckpointError(.manifest, file: file.path, "is no checkpoint manifest; export the checkpoint again")
    }
    guard manifest.format == Self.currentFormat else {
      throw CheckpointError(
        .manifest, file: file.path, "format \(manifest.format), expected \(Self.currentFormat); export it again")
    }
    for name in manifest.files.keys where name.isEmpty || name.hasPrefix(".") || name.contains("/") {
      throw CheckpointError(.manifest, file: file.path, "names a file outside the directory; export it again")
    }
    for (name, entry) in manifest.files where !(0...1 << 50).contains(entry.bytes) {
      throw CheckpointError(.manifest, file: file.path, "\(name) is of \(entry.bytes) bytes; export it again")
    }
    self = manifest
  }

  /// The bytes of the file: keys sorted.
  package var document: Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else { preconditionFailure("CheckpointManifest: cannot be encoded") }
    return data + [UInt8(ascii: "\n")]
  }

  /// SHA-256 over `<file name> <sha256>\n` for each file in byte order, then the bytes of `config.json`.
  package func fingerprint(configuration: Data) -> String {
    var digest = FileDigest()
    for name in files.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      digest.update(Data("\(name) \(files[name]!.sha256)\n".utf8))
    }
    digest.update(configuration)
    return digest.hexadecimal
  }
}
