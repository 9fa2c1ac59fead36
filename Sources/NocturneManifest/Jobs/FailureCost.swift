/// What a failure costs the item it befell.
package enum FailureCost: String, Hashable, Codable, Sendable, CaseIterable {
  /// The item is given up at once.
  case dead
  /// One of the item's tries is paid.
  case `try`
  /// Nothing: the item goes out again.
  case free
}
