// Arithmetic spelled as arithmetic; every operator is one call of the tensor's backend.

extension Tensor {
  package static func + (x: Tensor, y: Tensor) -> Tensor { x.backend.binary(.add, x, y) }
  package static func - (x: Tensor, y: Tensor) -> Tensor { x.backend.binary(.subtract, x, y) }
  package static func * (x: Tensor, y: Tensor) -> Tensor { x.backend.binary(.multiply, x, y) }
  package static func / (x: Tensor, y: Tensor) -> Tensor { x.backend.binary(.divide, x, y) }
  package static prefix func - (x: Tensor) -> Tensor { x.unary(.negate) }

  package static func + (x: Tensor, y: Float) -> Tensor { x.unary(.affine(scale: 1, offset: y)) }
  package static func + (x: Float, y: Tensor) -> Tensor { y + x }
  package static func - (x: Tensor, y: Float) -> Tensor { x.unary(.affine(scale: 1, offset: -y)) }
  package static func - (x: Float, y: Tensor) -> Tensor { y.unary(.affine(scale: -1, offset: x)) }
  package static func * (x: Tensor, y: Float) -> Tensor { x.unary(.affine(scale: y, offset: 0)) }
  package static func * (x: Float, y: Tensor) -> Tensor { y * x }
  package static func / (x: Tensor, y: Float) -> Tensor { x.unary(.affine(scale: 1 / y, offset: 0)) }

  package func unary(_ op: UnaryOp) -> Tensor { backend.unary(op, self) }
  package func squared() -> Tensor { unary(.square) }
  package func exponential() -> Tensor { unary(.exponential) }
  package func leakyReLU(slope: Float) -> Tensor { unary(.leakyReLU(slope: slope)) }
  package func clamped(low: Float, high: Float) -> Tensor { unary(.clamp(low: low, high: high)) }

  /// Reductions keep the axis with extent 1.
  package func sum(axis: Int) -> Tensor { backend.reduce(.sum, self, axis: axis) }
  package func mean(axis: Int) -> Tensor { backend.reduce(.mean, self, axis: axis) }
  package func maximum(axis: Int) -> Tensor { backend.reduce(.maximum, self, axis: axis) }
}
