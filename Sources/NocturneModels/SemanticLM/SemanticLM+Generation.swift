import NocturneTensor

extension SemanticLM {
  /// Memory that the key/value caches of captions decoded together may take.
  package static let cacheBudget = 1 << 30

  /// Captions that are decoded together: as many as have room for their keys and values.
  package static func together(
    _ configuration: ModelConfiguration, tokens: Int, cacheBudget: Int = Self.cacheBudget
  ) -> Int {
    max(1, cacheBudget / SemanticCache.bytes(configuration.lm, capacity: configuration.positions(tokens: tokens)))
  }

  /// `count` semantic tokens after each prefix. Captions are decoded together as far as the cache budget goes; token
  /// `t` of a row is drawn with element t of its seed's stream, so neither grouping nor order changes a token.
  ///
  /// - Parameters:
  ///   - cacheBudget: bytes of key/value caches.
  ///   - progress: given the tokens drawn so far in this call; a throw ends the call.
  /// - Throws: `NotFiniteError` where a row's logits are not finite.
  package func generate(
    prefixes: [[Int]], count: Int, seeds: [UInt64], sampling: SemanticSampling, cacheBudget: Int = Self.cacheBudget,
    progress: (Int) throws -> Void
  ) throws -> [[Int]] {
    precondition(prefixes.count == seeds.count, "SemanticLM: \(prefixes.count) prefixes, \(seeds.count) seeds")
    precondition(count >= 0, "SemanticLM: \(count) tokens")
    guard count > 0 else { return prefixes.map { _ in [] } }
    let group = Self.together(configuration, tokens: count, cacheBudget: cacheBudget)
    var results: [[Int]] = []
    var drawn = 0
    for start in stride(from: 0, to: prefixes.count, by: group) {
      let range = start..<min(start + group, prefixes.count)
      let streams = seeds[range].map { RandomStream(seed: $0, stage: .semanticSampling) }
      var cache = makeCache(batch: range.count, capacity: configuration.positions(tokens: count))
      var rows = prefixes[range].map(opening)
      var tokens = [[Int]](repeating: [], count: range.count)
      for position in 0..<count {
        let logits = logits(states(rows, cache: &cache))
        let choices = [Int?](unsafeUninitializedCapacity: range.count) { next, count in
          backend.forEach(range.count) { row in
            let u = streams[row].uniform(at: UInt64(position))
            (next.baseAddress! + row).initialize(to: sampling.choose(from: logits.rows(row..<row + 1).buffer, u: u))
          }
          count = range.count
        }
        let next = choices.compactMap(\.self)
        guard next.count == range.count else { throw NotFiniteError("a logit of semantic token \(position)") }
        for (row, token) in next.enumerated() { tokens[row].append(token) }
        rows = next.map { [configuration.semanticStart + $0] }
        drawn += range.count
        try progress(drawn)
      }
      results += tokens
    }
    return results
  }
}
