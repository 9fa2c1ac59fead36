import NocturneCPU
import NocturneTensor
import NocturneTesting
import Testing

/// What products of int8 owe beyond the agreement that the operation table asks of them.
@Suite struct Int8Tests {
  static let sets = InstructionSet.allCases.filter { $0 <= .ofThisCPU && $0 != .amxbf16 }

  private func backend(_ set: InstructionSet = .ofThisCPU) -> CPUBackend {
    CPUBackend(threads: 2, precision: .int8, maximum: set)
  }

  /// Whole numbers up to 127 are their own roundings, and their sums are exact in f32; a depth for one part, and for
  /// several.
  @Test(arguments: sets, [97, 512, 513, 1_097])
  func wholeNumbersMultiplyExactly(set: InstructionSet, depth: Int) {
    func product(on backend: any Backend) -> [Float] {
      func whole(_ rows: Int, _ columns: Int, _ step: Int) -> Tensor {
        let values = (0..<rows * columns).map { $0 % columns == 0 ? 127 : Float($0 * step % 255) - 127 }
        return Tensor(values, shape: [rows, columns], on: backend)
      }
      let weights = backend.prepareLinear(weight: whole(70, depth, 37), bias: nil, robust: true)
      return backend.linear(whole(33, depth, 91), weights).values
    }
    #expect(product(on: backend(set)) == product(on: ReferenceBackend()))
  }

  /// Nothing that is not finite may come out as a number: the verification of a clip looks for it.
  @Test(arguments: sets, [Float.nan, .infinity, -.infinity])
  func aRowThatIsNotFiniteStaysSo(set: InstructionSet, value: Float) {
    let inputs = CaseInputs(name: "not finite", backend: backend(set))
    let weights = inputs.linear(40, 35)
    var values = inputs.normal([3, 40]).values
    values[40 + 17] = value
    let found = Tensor(values, shape: [3, 40], on: inputs.backend).linear(weights).values
    let finite = found.map(\.isFinite)
    #expect(Array(finite[35..<70]) == Array(repeating: false, count: 35))
    #expect(finite.count(where: { $0 }) == 70)
  }

  @Test(arguments: sets)
  func rowsOfZerosAndOfTheSmallestNumbersAreTheBias(set: InstructionSet) {
    let backend = backend(set)
    let inputs = CaseInputs(name: "zeros", backend: backend)
    let bias = inputs.normal([35])
    let weights = backend.prepareLinear(weight: inputs.normal([35, 40]), bias: bias, robust: true)
    for value in [Float(0), -0.0, 1e-37] {
      #expect(backend.linear(Tensor.full(value, shape: [1, 40], on: backend), weights).values == bias.values)
    }
  }

  /// A row's rounding is its own: one a million times as large beside it changes nothing.
  @Test func aLoudRowDoesNotDrownAQuietOne() {
    let inputs = CaseInputs(name: "loud", backend: backend())
    let weights = inputs.linear(64, 64, bias: false)
    let quiet = inputs.normal([1, 64])
    let loud = inputs.normal([1, 64], scale: 1e6)
    let together = inputs.backend.concatenate([loud, quiet], axis: 0).linear(weights)
    #expect(together.rows(1..<2).values == quiet.linear(weights).values)
  }

  @Test func onlyRobustLayersAreRounded() {
    let (int8, plain) = (backend(), CPUBackend(threads: 2))
    func product(on backend: CPUBackend, robust: Bool) -> [Float] {
      let inputs = CaseInputs(name: "robust", backend: backend)
      let weights = backend.prepareLinear(weight: inputs.normal([32, 64]), bias: nil, robust: robust)
      return inputs.normal([5, 64]).linear(weights).values
    }
    #expect(product(on: int8, robust: false) == product(on: plain, robust: false))
    #expect(product(on: plain, robust: true) == product(on: plain, robust: false))
    #expect(product(on: int8, robust: true) != product(on: int8, robust: false))
  }

  @Test func theNumericClassNamesBothRoundings() {
    let scalar = CPUBackend(threads: 1, precision: .int8, maximum: .scalar)
    #expect(scalar.numericClass == "cpu/scalar/int8+f32/\(CPUBackend.revision)")
    let both = InstructionSet.ofThisCPU.multipliesBF16 ? "int8+bf16" : "int8+f32"
    #expect(backend().numericClass.hasSuffix("/\(both)/\(CPUBackend.revision)"))
  }
}
