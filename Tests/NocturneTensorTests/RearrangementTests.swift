import NocturneTensor
import Testing

@Suite struct RearrangementTests {
  let backend = ReferenceBackend()

  /// 0, 1, 2, ... in the given shape.
  private func counting(_ shape: Shape) -> Tensor {
    Tensor((0..<shape.count).map(Float.init), shape: shape, on: backend)
  }

  @Test func axesChangePlaces() {
    let x = counting([2, 3])
    #expect(x.transposed(0, 1).shape == [3, 2] && x.transposed(0, -1).values == [0, 3, 1, 4, 2, 5])
    let cube = counting([2, 3, 4])
    #expect(cube.transposed(1, 2).values == cube.permuted([0, 2, 1]).values)
    #expect(cube.transposed(-1, -3).values == cube.permuted([2, 1, 0]).values)
    let turned = Grid(cube.permuted([2, 0, 1]))
    #expect(turned.shape == [4, 2, 3])
    for a in 0..<2 { for b in 0..<3 { for c in 0..<4 { #expect(turned[c, a, b] == Grid(cube)[a, b, c]) } } }
  }

  @Test func slicesTakeARangeOfOneAxis() {
    let x = counting([2, 4])
    #expect(x.sliced(axis: 1, 1..<3).values == [1, 2, 5, 6])
    #expect(x.sliced(axis: 0, 1..<2).values == [4, 5, 6, 7])
    #expect(x.sliced(axis: -1, 2..<2).shape == [2, 0])
    #expect(x.rows(1..<2).sliced(axis: 1, 1..<3).values == [5, 6])
  }

  @Test func stridesRepeatReverseAndOverlap() {
    let x = counting([6])
    #expect(
      backend.copyStrided(x, shape: [3, 4], strides: [1, 1], offset: 0).values == [0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5])
    #expect(backend.copyStrided(x, shape: [3], strides: [-2], offset: 5).values == [5, 3, 1])
    #expect(counting([2, 1]).repeated(axis: 1, count: 3).values == [0, 0, 0, 1, 1, 1])
  }

  @Test func paddingPutsZerosAround() {
    let x = counting([2, 2]) + 1
    #expect(x.padded(axis: 1, before: 1, after: 2).values == [0, 1, 2, 0, 0, 0, 3, 4, 0, 0])
    #expect(x.padded(axis: 0, after: 1).values == [1, 2, 3, 4, 0, 0])
  }

  @Test func partsJoinAlongAnAxis() {
    let (a, b) = (counting([2, 1]), counting([2, 2]) + 10)
    #expect(Tensor.concatenated([a, b], axis: 1).values == [0, 10, 11, 1, 12, 13])
    #expect(Tensor.concatenated([b, b], axis: 0).shape == [4, 2])
  }

  @Test func gatherTakesRows() {
    #expect(counting([3, 2]).gathered([2, 0, 2]).values == [4, 5, 0, 1, 4, 5])
  }

  @Test func copyOverwritesFramesOfEveryRow() {
    let cache = Tensor.full(0, shape: [2, 3, 1], on: backend)
    backend.copy(counting([2, 2, 1]) + 1, into: cache, at: 1)
    #expect(cache.values == [0, 1, 2, 0, 3, 4])
  }

  @Test func reshapedAndRowsShareTheirMemory() {
    let x = counting([4, 3])
    #expect(x.rows(1..<3).pointer == x.pointer + 3 && x.reshaped([2, 6]).pointer == x.pointer)
    #expect(x.rows(1..<3).values == [3, 4, 5, 6, 7, 8])
  }

  @Test func storageOutlivesTheTensorItCameFrom() {
    var view = counting([1000, 100]).rows(999..<1000)
    for _ in 0..<50 { _ = counting([1000, 100]) + 1 }
    view = view.reshaped([100])
    #expect(view.values == (99_900..<100_000).map(Float.init))
  }
}
