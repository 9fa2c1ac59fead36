import Foundation
import NocturneCPU
import NocturneTensor
import Testing

/// Elementary functions against the C library in double precision.
@Suite struct FunctionTests {
  static let instructionSets = InstructionSet.allCases.filter { $0 <= .ofThisCPU }

  @Test(arguments: instructionSets)
  func geluKeepsItsRelativeAccuracyOnBothSides(instructionSet: InstructionSet) {
    // Left of -12.5 the value itself comes near the smallest normal number.
    check(.gelu, on: instructionSet, from: -12.5, to: 12.5, within: 1e-6) { x in
      x / 2 * Foundation.erfc(-x / 2.0.squareRoot())
    }
  }

  @Test(arguments: instructionSets)
  func exponentialAndItsKinAreAccurate(instructionSet: InstructionSet) {
    check(.exponential, on: instructionSet, from: -87, to: 88.7, within: 3e-7) { Foundation.exp($0) }
    check(.sigmoid, on: instructionSet, from: -80, to: 80, within: 5e-7) { 1 / (1 + Foundation.exp(-$0)) }
    check(.silu, on: instructionSet, from: -80, to: 80, within: 5e-7) { $0 / (1 + Foundation.exp(-$0)) }
    check(.tanh, on: instructionSet, from: -12, to: 12, within: 5e-7) { Foundation.tanh($0) }
  }

  @Test(arguments: instructionSets)
  func extremesStayWhatTheyAre(instructionSet: InstructionSet) {
    let backend = CPUBackend(threads: 1, maximum: instructionSet)
    let x = Tensor([-.infinity, -200, 200, .infinity, .nan], shape: [5], on: backend)
    func values(_ op: UnaryOp) -> [String] { backend.unary(op, x).values.map { $0.isNaN ? "nan" : "\($0)" } }
    #expect(values(.exponential) == ["0.0", "0.0", "inf", "inf", "nan"])
    #expect(values(.sigmoid) == ["0.0", "0.0", "1.0", "1.0", "nan"])
    #expect(values(.tanh) == ["-1.0", "-1.0", "1.0", "1.0", "nan"])
    #expect(values(.clamp(low: -1, high: 1)) == ["-1.0", "-1.0", "1.0", "1.0", "nan"])
    #expect(Array(values(.gelu)[1...2] + [values(.gelu)[4]]) == ["-0.0", "200.0", "nan"])
  }

  private func check(
    _ op: UnaryOp, on instructionSet: InstructionSet, from low: Float, to high: Float, within tolerance: Double,
    _ exact: (Double) -> Double
  ) {
    let backend = CPUBackend(threads: 1, maximum: instructionSet)
    let count = 100_003
    let values = (0..<count).map { low + (high - low) * Float($0) / Float(count - 1) } + [1e-6, -1e-6, 0.625, -0.625]
    let found = backend.unary(op, Tensor(values, shape: [values.count], on: backend)).values
    var worst = (error: 0.0, at: Float(0))
    for (x, y) in zip(values, found) {
      let expected = exact(Double(x))
      let error = expected == 0 ? abs(Double(y)) : abs(Double(y) / expected - 1)
      if !(error <= worst.error) { worst = (error, x) }
    }
    #expect(worst.error <= tolerance, "\(op) at \(worst.at) on \(instructionSet.name)")
  }
}
