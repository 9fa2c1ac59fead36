/// When an idle worker renders what another one is late with: same lease, same seed, same bytes; the first result wins.
package struct HedgingPolicy: Hashable, Codable, Sendable {
  /// A shard is late when it, and what its worker had to render before it, took this many times as long as usual. 0 turns
  /// hedging off.
  package var multiple = 2.0
  /// But never sooner than this.
  package var floorSeconds = 10.0

  package init() {}
}
