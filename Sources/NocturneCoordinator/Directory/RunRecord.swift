/// What a run's results depend on. Kept in the journal, so that a directory is never continued with anything else.
package struct RunRecord: Hashable, Sendable {
  /// Path of the manifest as given: for messages only, it may move.
  package var manifest: String
  /// Lower-case hexadecimal SHA-256 of the manifest's bytes.
  package var manifestSHA256: String
  /// Nil when the coordinator has no model of its own; then the first worker's counts.
  package var modelFingerprint: String?
  /// Every resolved setting that decides which items there are and what their bytes are, as text by its option's name.
  package var settings: [String: String]

  package init(manifest: String, manifestSHA256: String, modelFingerprint: String?, settings: [String: String]) {
    self.manifest = manifest
    self.manifestSHA256 = manifestSHA256
    self.modelFingerprint = modelFingerprint
    self.settings = settings
  }

  /// What is asked for now and was not asked for then, one short phrase each; empty when the run may be continued.
  package func differences(from earlier: RunRecord) -> [String] {
    var differences: [String] = []
    if manifestSHA256 != earlier.manifestSHA256 {
      differences.append(
        "manifest: the run has \(earlier.manifest) (\(earlier.manifestSHA256.prefix(12))), "
          + "now \(manifest) (\(manifestSHA256.prefix(12)))")
    }
    if let then = earlier.modelFingerprint, let now = modelFingerprint, then != now {
      differences.append("model: the run has \(then.prefix(12)), now \(now.prefix(12))")
    }
    for name in Set(settings.keys).union(earlier.settings.keys).sorted()
    where settings[name] != earlier.settings[name] {
      differences.append(
        "\(name): the run has \(earlier.settings[name] ?? "none"), now \(settings[name] ?? "none")")
    }
    return differences
  }
}
