import NocturneCPU
import NocturneTensor
import Testing

@Suite struct BackendTests {
  @Test func theNumericClassNamesSetPrecisionAndRevision() {
    func scalar(_ precision: ProductPrecision) -> String {
      CPUBackend(threads: 1, precision: precision, maximum: .scalar).numericClass
    }
    #expect(scalar(.f32) == "cpu/scalar/f32/\(CPUBackend.revision)")
    #expect(scalar(.bf16) == "cpu/scalar/bf16/\(CPUBackend.revision)")
    #expect(scalar(.auto) == scalar(.f32))
    let expected = InstructionSet.ofThisCPU.multipliesBF16
    #expect(CPUBackend(threads: 1, maximum: .ofThisCPU).roundsToBF16 == expected)
  }

  @Test func theEnvironmentLimitsTheInstructionSet() {
    #expect(InstructionSet.allowed(by: "") == .ofThisCPU)
    #expect(InstructionSet.allowed(by: "scalar") == .scalar)
    #expect(InstructionSet.allowed(by: "amx_bf16") == .ofThisCPU)
  }

  @Test func anUnknownInstructionSetIsNone() {
    #expect(InstructionSet.allowed(by: "avx1024") == nil)
    #expect(InstructionSet.fault == nil)
  }

  @Test func denormalsAreFlushedOnEveryThreadAndOnlyThere() {
    let backend = CPUBackend(threads: 2)
    let denormal = Float(1e-40)
    let x = Tensor.full(denormal, shape: [300_000], on: backend)
    let scaled = backend.unary(.affine(scale: 1e20, offset: 0), x).values
    #expect(scaled.allSatisfy { $0 == 0 })
    // Read back, since a product of constants is the compiler's.
    #expect(x.values.allSatisfy { $0 * 1e20 > 0 })
  }

  @Test func outputsAreRoundedOnlyInsideProducts() {
    let backend = CPUBackend(threads: 1, precision: .bf16)
    let value = Float(1) + 1 / 1024  // needs eleven bits
    let x = Tensor.full(value, shape: [1, 1], on: backend)
    let weights = backend.prepareLinear(weight: Tensor([1], shape: [1, 1], on: backend), bias: nil)
    #expect(backend.linear(x, weights).values == [1])
    #expect(backend.linear(x, weights, residual: x).values == [1 + value])
  }

  @Test func anotherBackendsWeightsTrap() async {
    await #expect(processExitsWith: .failure) {
      let (cpu, reference) = (CPUBackend(threads: 1), ReferenceBackend())
      let weights = reference.prepareLinear(weight: Tensor([1], shape: [1, 1], on: reference), bias: nil)
      _ = cpu.linear(Tensor([1], shape: [1, 1], on: cpu), weights)
    }
  }

  @Test func anAllInfiniteMaskNeverReachesTheKernels() async {
    await #expect(processExitsWith: .failure) {
      let backend = CPUBackend(threads: 1)
      let x = Tensor.full(1, shape: [1, 2, 4], on: backend)
      _ = backend.attention(queries: x, keys: x, values: x, options: AttentionOptions(heads: 1, keyLengths: [0]))
    }
  }
}
