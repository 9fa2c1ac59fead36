import NocturneCPU
import NocturneTensor
import Testing

@Suite struct NarrowCacheTests {
  private static let sets = InstructionSet.allCases.filter { $0 <= .ofThisCPU }

  /// [B, T, D] of numbers that bf16 holds.
  private static func exact(_ shape: Shape, _ step: Int, on backend: CPUBackend) -> Tensor {
    Tensor((0..<shape.count).map { Float(($0 * step) % 251 - 125) / 64 }, shape: shape, on: backend)
  }

  /// One query over numbers that bf16 holds reads the same from a cache as from tensors, to the bit.
  @Test(arguments: sets)
  func whatBF16HoldsIsReadAsItWas(instructionSet: InstructionSet) {
    let backend = CPUBackend(threads: 2, precision: .bf16, maximum: instructionSet, oneDNN: false)
    for (rows, heads, headDim) in [(1, 3, 20), (2, 2, 7), (16, 4, 64)] {
      let dim = heads * headDim
      let (keys, values) = (
        Self.exact([rows, 9, dim], 37, on: backend), Self.exact([rows, 9, dim], 101, on: backend)
      )
      let cache = backend.makeKeyValueCache([rows, 12, dim])
      cache.remember(keys: keys, values: values, at: 0)
      let queries = Self.exact([rows, 1, dim], 53, on: backend)
      let options = AttentionOptions(heads: heads, causalOffset: 8)
      let found = cache.attention(queries: queries, options: options)
      #expect(found.values == queries.attention(keys: keys, values: values, options: options).values)
    }
  }

  @Test func aCacheIsNarrowWhereProductsAre() {
    func remembered(_ precision: ProductPrecision) -> [Float] {
      let backend = CPUBackend(threads: 1, precision: precision)
      let cache = backend.makeKeyValueCache([1, 1, 2])
      let x = Tensor([1.0 / 3, 2.0 / 3], shape: [1, 1, 2], on: backend)
      cache.remember(keys: x, values: x, at: 0)
      return cache.attention(queries: x, options: AttentionOptions(heads: 1)).values
    }
    #expect(remembered(.f32) == [1.0 / 3, 2.0 / 3])
    // To nearest: 0x3EAAAAAB and 0x3F2AAAAB.
    let nearest = [Float(bitPattern: 0x3EAB_0000), Float(bitPattern: 0x3F2B_0000)]
    #expect(remembered(.bf16) == nearest && remembered(.int8) == nearest)
  }

  /// The diffusion that follows asks for no tensor of its size, so kept it would only stand there.
  @Test func itsMemoryIsNotKeptForTensors() {
    let backend = CPUBackend(threads: 1, precision: .bf16)
    _ = backend.makeKeyValueCache([2, 100, 64])
    #expect(backend.memory.bytes == (free: 0, used: 0))
    _ = Tensor([1, 2], shape: [2], on: backend) + Tensor([3, 4], shape: [2], on: backend)
    #expect(backend.memory.bytes.free > 0)
  }
}
