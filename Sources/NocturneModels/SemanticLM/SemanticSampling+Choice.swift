import Foundation

extension SemanticSampling {
  /// The token that `u` in (0, 1) picks from these logits, exactly as ARCHITECTURE.md, "Random numbers".
  ///
  /// Everything after the logits is double precision; sums run in ascending index order, and the probabilities are not
  /// renormalised between top-k and top-p.
  package func choose<Logits: Collection<Float>>(from logits: Logits, u: Double) -> Int {
    precondition(!logits.isEmpty, "SemanticSampling: no logits")
    let logits = Array(logits)
    if temperature == 0 {
      return logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
    }
    let scaled = logits.map { Double($0) / temperature }
    let highest = scaled.max()!
    let weights = scaled.map { exp($0 - highest) }
    let total = weights.reduce(0, +)
    let chances = weights.map { $0 / total }
    let kept = kept(of: chances)
    let keptTotal = kept.reduce(0) { $0 + chances[$1] }
    var running = 0.0
    for index in kept {
      running += chances[index]
      if running > u * keptTotal { return index }
    }
    return kept.last!
  }

  /// Indices that stay, ascending.
  private func kept(of chances: [Double]) -> [Int] {
    guard topK > 0 || topP < 1 else { return Array(chances.indices) }
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
