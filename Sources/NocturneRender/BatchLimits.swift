package import NocturneModels

/// How many clips ride together in the two stages that batch; results do not depend on it.
package struct BatchLimits: Hashable, Sendable {
  /// Rows of the language model: more rows share each pass over its weights.
  package var semantic: Int
  /// Clips of the diffusion model: one clip of paper size already fills the cores and the caches.
  package var diffusion: Int

  package init(semantic: Int, diffusion: Int) {
    precondition(semantic >= 1 && diffusion >= 1, "BatchLimits: \(semantic), \(diffusion)")
    self.semantic = semantic
    self.diffusion = diffusion
  }

  /// By memory, for clips of full length: as many captions as the language model decodes together, and 128 MiB of diffusion
  /// activations.
  package init(for configuration: ModelConfiguration) {
    let frames = configuration.clipSeconds * configuration.latentRate
    let together = SemanticLM.together(configuration, tokens: configuration.semanticTokens(frames: frames))
    // Half-overlapping segments hold every frame twice, guidance evaluates twice; about ten such tensors live at once.
    let activationBytes = 10 * 2 * 2 * frames * configuration.dpd.dim * 4
    self.init(semantic: min(together, 256), diffusion: min(max(1, (1 << 27) / activationBytes), 16))
  }
}
