import NocturneTensor
import Testing

@Suite struct ElementwiseTests {
  let backend = ReferenceBackend()

  private func tensor(_ values: [Float], _ shape: Shape? = nil) -> Tensor {
    Tensor(values, shape: shape ?? [values.count], on: backend)
  }

  /// Operation, argument, value from tables.
  @Test(arguments: [
    (UnaryOp.negate, Float(2), Float(-2)), (.square, -3, 9), (.squareRoot, 2, 1.4142135),
    (.exponential, 1, 2.7182817), (.exponential, -.infinity, 0), (.tanh, 0.5, 0.46211716),
    (.tanh, -100, -1), (.sigmoid, 1, 0.73105858), (.sigmoid, -80, 1.8048514e-35), (.gelu, 1, 0.84134475),
    (.gelu, -1, -0.15865525), (.gelu, -5, -1.4332578e-6), (.silu, 1, 0.73105858), (.silu, -2, -0.23840584),
    (.leakyReLU(slope: 0.1), -2, -0.2), (.leakyReLU(slope: 0.1), 2, 2), (.affine(scale: 2, offset: 1), 3, 7),
    (.clamp(low: -1, high: 1), -2, -1), (.clamp(low: -1, high: 1), 2, 1), (.clamp(low: -1, high: 1), 0.5, 0.5),
  ])
  func unaryOperationHasItsTabulatedValue(op: UnaryOp, argument: Float, value: Float) {
    let found = tensor([argument]).unary(op).values[0]
    #expect(abs(found - value) <= 2e-7 * max(abs(value), 1e-38))
  }

  @Test(arguments: [
    (BinaryOp.add, Float(8)), (.subtract, 4), (.multiply, 12), (.divide, 3),
  ])
  func binaryOperationOfSixAndTwo(op: BinaryOp, value: Float) {
    #expect(backend.binary(op, tensor([6]), tensor([2])).values == [value])
  }

  @Test func operandsBroadcastAsInNumPy() {
    let column = tensor([10, 20], [2, 1])
    let row = tensor([1, 2, 3])
    #expect((column - row).shape == [2, 3])
    #expect((column - row).values == [9, 8, 7, 19, 18, 17])
    #expect((row - column).values == [-9, -8, -7, -19, -18, -17])
    let outer = tensor([100, 200], [2, 1, 1]) + column
    #expect(outer.shape == [2, 2, 1] && outer.values == [110, 120, 210, 220])
    #expect((tensor([5], []) + row).values == [6, 7, 8])
  }

  @Test func operatorsWithNumbersReadAsWritten() {
    let x = tensor([1, 4])
    #expect((x + 1).values == [2, 5] && (1 + x).values == [2, 5])
    #expect((x - 1).values == [0, 3] && (1 - x).values == [0, -3])
    #expect((x * 2).values == [2, 8] && (2 * x).values == [2, 8] && (x / 2).values == [0.5, 2])
    #expect((-x).values == [-1, -4])
  }

  @Test func reductionsKeepTheirAxis() {
    let x = tensor([1, 5, 3, 4, 2, 6], [2, 3])
    #expect(x.sum(axis: 0).shape == [1, 3] && x.sum(axis: 0).values == [5, 7, 9])
    #expect(x.mean(axis: -1).shape == [2, 1] && x.mean(axis: -1).values == [3, 4])
    #expect(x.maximum(axis: 1).values == [5, 6] && x.maximum(axis: 0).values == [4, 5, 6])
  }
}
