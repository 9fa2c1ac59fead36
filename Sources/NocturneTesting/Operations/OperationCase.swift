package import NocturneTensor

/// One call of one backend operation on inputs that a name determines, with the agreement it owes the reference.
package struct OperationCase: Sendable, CustomStringConvertible {
  /// How far a result may stand from the reference.
  package enum Kind: Sendable {
    /// Moves values, or computes each in one rounding: the same bits everywhere.
    case exact
    /// Rounds in its own way, but never below f32.
    case elementwise
    /// Holds a matrix product, whose factors a bf16 backend rounds.
    case product
    /// Holds a robust linear layer, whose factors an int8 backend rounds to 8 bits.
    case robust
    /// Holds a cache, whose rows a bf16 or an int8 backend rounds to bf16.
    case remembered

    /// Greatest norm of the difference over norm of the expected.
    package func tolerance(_ rounding: Rounding) -> Double {
      switch self {
      case .exact: 0
      case .elementwise: 1e-5
      case .product: rounding.bf16 ? 2e-2 : 1e-5
      // Normal values reach 4 deviations: steps of 4/127, in both factors.
      case .robust: rounding.int8 ? 4e-2 : Kind.product.tolerance(rounding)
      case .remembered: rounding.bf16 || rounding.int8 ? 2e-2 : 1e-5
      }
    }
  }

  /// What a backend under test rounds the factors of its products to.
  package struct Rounding: Sendable {
    package var bf16: Bool
    package var int8: Bool

    package init(bf16: Bool = false, int8: Bool = false) {
      self.bf16 = bf16
      self.int8 = int8
    }
  }

  package let name: String
  package let kind: Kind
  private let body: @Sendable (CaseInputs) -> [Tensor]

  package init(_ name: String, _ kind: Kind, _ body: @escaping @Sendable (CaseInputs) -> [Tensor]) {
    self.name = name
    self.kind = kind
    self.body = body
  }

  package var description: String { name }

  /// The results on `backend`, of inputs that are the same on every backend.
  package func results(on backend: any Backend) -> [Tensor] { body(CaseInputs(name: name, backend: backend)) }

  /// Every requirement of `Backend`, at sizes that leave tails in any vector width.
  package static let all: [OperationCase] =
    elementwise + reductions + rearrangements + products + linears + convolutions + transposedConvolutions
    + normalisations + attentions + recurrences + segments
}
