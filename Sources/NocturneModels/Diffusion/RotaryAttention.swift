import NocturneTensor

/// Projections of a multi-head attention. Keys: `{q,k,v,o}.{weight,bias}`.
package struct RotaryAttention: Sendable {
  package let heads: Int
  package let query: Linear
  package let key: Linear
  package let value: Linear
  package let mix: Linear

  package init(_ weights: ModuleWeights, heads: Int) throws {
    self.heads = heads
    query = try Linear(weights.scoped("q"), robust: true)
    key = try Linear(weights.scoped("k"), robust: true)
    value = try Linear(weights.scoped("v"), robust: true)
    mix = try Linear(weights.scoped("o"), robust: true)
  }

  package static func describe(in layout: inout ModuleLayout, _ name: String, _ width: Int) {
    layout.scope(name) {
      for part in ["q", "k", "v", "o"] { $0.linear(part, from: width, to: width, bias: true) }
    }
  }
}
