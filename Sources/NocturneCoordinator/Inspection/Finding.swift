package import NocturneManifest

/// Something that `verify` found wrong.
package struct Finding: Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable, CaseIterable {
    /// The journal cannot be read, or contradicts itself.
    case damagedJournal = "damaged-journal"
    /// The audio of a done item is not there.
    case missingFile = "missing-file"
    case wrongSize = "wrong-size"
    /// The bytes are not those that were accepted.
    case wrongDigest = "wrong-digest"
    /// The audio of a done item is there and cannot be read now.
    case unreadableFile = "unreadable-file"
    /// The inspector refuses it, or finds other facts than were recorded.
    case unsound
    /// A file in `audio/` that no done item has.
    case extraFile = "extra-file"
    /// A done item without a line in `metadata.jsonl`, or a dead one without its own in `errors.jsonl`.
    case missingLine = "missing-line"
    /// `run.json` cannot be read.
    case noDocument = "no-document"
    /// A line that belongs to no done item, stands twice, or says something else than the journal.
    case wrongLine = "wrong-line"
  }

  package var code: Code
  package var item: ItemKey?
  /// Relative to the run directory.
  package var file: String
  package var message: String

  package var description: String { "\(file): \(message)" }

  /// Whether rendering the item again mends it; the other findings are mended by any rerun, or are nobody's item.
  package var concernsAudio: Bool { [.missingFile, .wrongSize, .wrongDigest, .unsound].contains(code) }
}

/// The result of `verify`.
package struct VerificationReport: Hashable, Sendable {
  /// Done items looked at.
  package var verified = 0
  package var findings: [Finding] = []
  /// Items that the next run renders again.
  package var reopened: [ItemKey] = []

  package var isClean: Bool { findings.isEmpty }
}
