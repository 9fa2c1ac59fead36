/// The manifest formats, by the names that `run.json` records.
package enum ManifestFormatKind: String, Hashable, Codable, Sendable, CaseIterable {
  case musicCaps = "musiccaps-csv"
  case csv
  case tsv
  case jsonLines = "jsonl"
  case openAIBatch = "openai-batch-jsonl"
  case plainText = "text"
}
