/// How a semantic token is drawn from the logits (ARCHITECTURE.md, "Random numbers").
package struct SemanticSampling: Hashable, Sendable {
  /// 0 takes the most likely token.
  package var temperature: Double
  /// Keeps the k most likely tokens; 0 is off.
  package var topK: Int
  /// Keeps the smallest set of most likely tokens that reaches this probability; 1 is off.
  package var topP: Double

  package init(temperature: Double = 1, topK: Int = 0, topP: Double = 1) {
    precondition(temperature >= 0, "SemanticSampling: temperature \(temperature)")
    precondition(topK >= 0 && topP > 0 && topP <= 1, "SemanticSampling: top-k \(topK), top-p \(topP)")
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
  }

  /// The model's own defaults.
  package init(_ configuration: ModelConfiguration.LanguageModel) {
    self.init(temperature: configuration.temperature, topK: configuration.topK, topP: configuration.topP)
  }
}
