import Foundation

extension SemanticSampling {
  /// The token that `u` in (0, 1) picks from these logits, exactly as ARCHITECTURE.md, "Random numbers"; nil where one
  /// of them is not finite.
  ///
  /// Everything after the logits is double precision; sums run in ascending index order, and the probabilities are not
  /// renormalised between top-k and top-p.
  package func choose<Logits: Collection<Float>>(from logits: Logits, u: Double) -> Int? {
    precondition(!logits.isEmpty, "SemanticSampling: no logits")
    guard logits.allSatisfy(\.isFinite) else { return nil }
    if temperature == 0 {
      return logits.enumerated().reduce((0, logits.first!)) { $1.element > $0.1 ? ($1.offset, $1.element) : $0 }.0
    }
    let highest = Double(logits.max()!) / temperature
    var chances = logits.map { exp(Double($0) / temperature - highest) }
    let total = chances.reduce(0, +)
    for index in chances.indices { chances[index] /= total }
    guard topK > 0 || topP < 1 else { return Self.pick(chances.indices, of: chances, u: u) }
    return Self.pick(kept(of: chances), of: chances, u: u)
  }

  /// The first of `kept` up to which more than the share `u` of the probability of all of them lies.
  private static func pick<Indices: BidirectionalCollection<Int>>(_ kept: Indices, of chances: [Double], u: Double)
    -> Int
  {
    let sought = u * kept.reduce(0) { $0 + chances[$1] }
    var running = 0.0
    for index in kept {
      running += chances[index]
      if running > sought { return index }
    }
    return kept.last!
  }

  /// Indices that stay, ascending.
  private func kept(of chances: [Double]) -> [Int] {
    var order = chances.indices.sorted { chances[$0] != chances[$1] ? chances[$0] > chances[$1] : $0 < $1 }
    if topK > 0 { order = Array(order.prefix(topK)) }
    if topP < 1 {
      var running = 0.0
      let reached = order.firstIndex { index in
        running += chances[index]
        return running >= topP
      }
      if let reached { order = Array(order[...reached]) }
    }
    return order.sorted()
  }
}
