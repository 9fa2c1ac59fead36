import Foundation
package import NocturneFarm
package import NocturneManifest

/// The line of `metadata.jsonl` of a done item. A pure function of item and receipt, so that the file can be compared
/// with the journal byte by byte, and written again from it.
package enum MetadataLine {
  /// Stages that every line names, so that all lines have the same columns.
  static let stages = ["text", "lm", "dpd", "vae", "encode"]

  static let ownColumns: Set<String> = [
    "file_name", "id", "take", "caption", "seed", "seconds", "sample_rate", "frames", "sha256", "steps", "guidance",
    "schedule", "model_fingerprint", "numeric_class", "attempt", "worker", "stage_seconds", "peak_dbfs", "rms_dbfs",
    "integrated_lufs", "notes",
  ]

  /// - Returns: UTF-8 with the newline at its end.
  package static func bytes(_ item: Item, _ receipt: Receipt) -> [UInt8] {
    var line = JSONText()
    let facts = receipt.facts
    // The AudioFolder reader takes paths relative to the metadata file.
    line.add("file_name", "audio/" + receipt.fileName)
    line.add("id", item.key.row)
    line.add("take", item.key.take)
    line.add("caption", item.caption)
    line.add("seed", item.seed)
    line.add("seconds", item.spec.seconds)
    line.add("sample_rate", facts.sampleRate)
    line.add("frames", facts.frames)
    line.add("sha256", facts.sha256)
    line.add("steps", item.spec.steps)
    line.add("guidance", item.spec.guidance)
    line.add("schedule", item.spec.schedule.rawValue)
    line.add("model_fingerprint", receipt.modelFingerprint)
    line.add("numeric_class", receipt.numericClass)
    line.add("attempt", receipt.lease.attempt)
    line.add("worker", receipt.worker.name)
    var seconds = JSONText()
    for stage in stages { seconds.add(stage, receipt.stageSeconds[stage]) }
    for stage in receipt.stageSeconds.keys.sorted() where !stages.contains(stage) {
      seconds.add(stage, receipt.stageSeconds[stage])
    }
    line.add("stage_seconds", object: seconds)
    line.add("peak_dbfs", facts.peakDBFS)
    line.add("rms_dbfs", facts.rmsDBFS)
    line.add("integrated_lufs", facts.integratedLUFS)
    // Never null: a reader that guesses types by the first lines would take a column without any text for no text.
    line.add("notes", receipt.notes.joined(separator: "; "))
    var names = Set(item.extra.keys)
    for column in item.extra.keys.sorted() { line.add(name(of: column, among: &names), item.extra[column] ?? "") }
    return line.line()
  }

  /// A manifest column of one of our names, or of one that the AudioFolder reader takes for audio, keeps its value under a
  /// name that no other column has: readers refuse a line that says something twice.
  private static func name(of column: String, among names: inout Set<String>) -> String {
    if !isTaken(column) { return column }
    var name = column
    repeat {
      name = "manifest_" + name.replacing("file_name", with: "filename")
    } while isTaken(name) || !names.insert(name).inserted
    return name
  }

  /// The AudioFolder reader opens what stands in columns that end in `_file_name`, and calls its own `audio`.
  private static func isTaken(_ name: String) -> Bool {
    ownColumns.contains(name) || ["audio", "file_names"].contains(name)
      || ["_file_name", "_file_names"].contains { name.hasSuffix($0) }
  }
}
