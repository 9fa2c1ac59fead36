package import NocturneTensor

/// What the denoiser keeps of B clips' semantic tokens from step to step.
package struct SemanticCondition: Sendable {
  /// mean_t E_ST[t], [B, D]
  package let pooled: Tensor
  /// Semantic tokens per clip, T_ST.
  package let tokens: Int
  /// Keys and values of E_ST for each block and Roformer layer.
  package let memory: [[CrossMemory]]

  package var batch: Int { pooled.shape[0] }
}
