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

  /// By memory: 1.5 GiB of key/value cache, 128 MiB of diffusion activations, for clips of full length.
  package init(for configuration: ModelConfiguration) {
    let frames = configuration.clipSeconds * configuration.latentRate
    let lm = configuration.lm
    let positions = 1 + configuration.rvq.quantizers + configuration.semanticTokens(frames: frames)
    let cacheBytes = 2 * lm.layers * positions * lm.dim * 4
    // Half-overlapping segments hold every frame twice, guidance evaluates twice; about ten such tensors live at once.
    let activationBytes = 10 * 2 * 2 * frames * configuration.dpd.dim * 4
    self.init(
      semantic: min(max(1, (3 << 29) / cacheBytes), 256), diffusion: min(max(1, (1 << 27) / activationBytes), 16))
  }
}
