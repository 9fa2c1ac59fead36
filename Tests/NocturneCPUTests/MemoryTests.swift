import NocturneCPU
import NocturneTensor
import Testing

@Suite struct MemoryTests {
  @Test func releasedMemoryIsUsedAgain() {
    let cache = BufferCache()
    let first = cache.storage(count: 100_000).base
    #expect(cache.bytes.used == 0 && cache.bytes.free == BufferCache.sizeClass(bytes: 400_000))
    let second = cache.storage(count: 100_000).base
    #expect(first == second)
    let (a, b) = (cache.storage(count: 100_000), cache.storage(count: 100_000))
    #expect(a.base != b.base)
    #expect(cache.bytes.used == 2 * BufferCache.sizeClass(bytes: 400_000))
  }

  @Test func aSlightlyLargerBufferServesAMuchLargerOneDoesNot() {
    let cache = BufferCache()
    let first = cache.storage(count: 120_000).base
    #expect(cache.storage(count: 100_000).base == first)
    #expect(cache.bytes.used == 0 && cache.bytes.free == BufferCache.sizeClass(bytes: 480_000))
    let small = cache.storage(count: 10_000)
    #expect(small.base != first)
  }

  @Test func neitherTheLimitNorTwiceTheMostInUseIsExceeded() {
    let cache = BufferCache(limit: 3_000_000)
    do {
      let tensors = (0..<8).map { _ in cache.storage(count: 250_000) }
      #expect(cache.bytes.used >= 8_000_000 && tensors.count == 8)
    }
    #expect(cache.bytes.used == 0)
    #expect(cache.bytes.free <= 3_000_000 && cache.bytes.free >= 2_000_000)
    let unlimited = BufferCache()
    for count in 1...300 { _ = unlimited.storage(count: count * 1000) }
    #expect(unlimited.bytes.free <= 2 * BufferCache.sizeClass(bytes: 1_200_000))
  }

  @Test func anotherSizeDoesNotKeepTheCurrentOneOut() {
    let cache = BufferCache()
    _ = cache.storage(count: 1_000_000)
    let first = cache.storage(count: 600_000).base
    #expect(cache.storage(count: 600_000).base == first)
  }

  @Test(arguments: [0, 1, 64, 65, 1000, 4097, 1 << 20, (1 << 20) + 1, 123_456_789])
  func aSizeClassWastesAtMostAnEighth(bytes: Int) {
    let size = BufferCache.sizeClass(bytes: bytes)
    #expect(size >= bytes && size % 64 == 0)
    #expect(size <= max(128, bytes + bytes / 8 + 64))
    #expect(BufferCache.sizeClass(bytes: size) == size)
  }

  @Test func memoryIsAlignedToACacheLine() {
    let backend = CPUBackend(threads: 1)
    for count in [0, 1, 17, 5_000, 3_000_000] {
      #expect(UInt(bitPattern: backend.allocate(count: count).base) % 64 == 0)
    }
  }
}
