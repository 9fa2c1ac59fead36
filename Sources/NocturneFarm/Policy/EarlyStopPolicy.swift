/// When a run that never had a result is stopped, because every worker fails the first items with one and the same error.
package struct EarlyStopPolicy: Hashable, Codable, Sendable {
  /// Different items that failed so; a smaller run just gives them their tries. 0 turns early stop off.
  package var items = 8
  /// In different shards: one item may spoil a whole shard for the others. At least 1.
  package var shards = 3

  package init() {}
}
