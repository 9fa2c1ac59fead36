package import NocturneTensor

/// Velocities of one evaluation, each [B, L, Z]; `unconditional` is there when guidance asked for it.
package struct Velocity: Sendable {
  package let conditional: Tensor
  package let unconditional: Tensor?

  package init(conditional: Tensor, unconditional: Tensor?) {
    self.conditional = conditional
    self.unconditional = unconditional
  }
}
