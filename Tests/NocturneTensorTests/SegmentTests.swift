import NocturneTensor
import NocturneTesting
import Testing

@Suite struct SegmentTests {
  let backend = ReferenceBackend()

  @Test(arguments: [(2500, 64, 80), (160, 16, 21), (1, 2, 2), (63, 16, 9)])
  func overlapAddOfSegmentsIsTwiceTheSequence(frames: Int, length: Int, count: Int) {
    #expect((2 * frames + length - 1) / length + 1 == count)
    let x = CaseInputs(name: "segments", backend: backend).normal([2, frames, 3])
    let segments = x.segmented(length: length, count: count)
    #expect(segments.shape == [2, count, length, 3])
    #expect(segments.overlapAdded(frames: frames).values == (x * 2).values)
  }

  @Test func rowsOfThePaperStartEveryHalfSegmentAfter32ZeroFrames() {
    let x = Tensor((1...2500).map(Float.init), shape: [1, 2500, 1], on: backend)
    let segments = Grid(x.segmented(length: 64, count: 80))
    for row in 0..<80 {
      for column in 0..<64 {
        let frame = 32 * row + column - 32
        #expect(segments[0, row, column, 0] == (0..<2500 ~= frame ? Double(frame + 1) : 0))
      }
    }
    // 60 zero frames behind.
    #expect(segments[0, 79, 3, 0] == 2500 && segments[0, 79, 4, 0] == 0)
  }

  @Test func overlapAddSumsDifferentRows() {
    let x = Tensor([1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400], shape: [1, 3, 4, 1], on: backend)
    #expect(x.overlapAdded(frames: 5).values == [13, 24, 130, 240, 300])
  }

  @Test func sandglassWidthsAreTheOnesOfThePaper() {
    let x = Tensor.full(1, shape: [1, 1, 64, 1], on: backend)
    let windows = (1...8).map { 1 << min($0, 8 - $0 + 1) }
    #expect(windows.map { x.mergedSegments(window: $0).shape[1] } == [64, 32, 16, 8, 8, 16, 32, 64])
  }

  /// Counts the real columns in every window: floor(s/2) zero columns left, zeros right, always divided by w.
  @Test(arguments: [2, 4, 8, 16], [64, 17, 3])
  func mergeOfAConstantFieldIsScaledByItsPadding(window: Int, columns: Int) {
    let hop = window / 2
    let merged = Grid(Tensor.full(3, shape: [1, 2, columns, 1], on: backend).mergedSegments(window: window))
    let groups = (columns + hop - 1) / hop
    #expect(merged.shape == [1, groups, 2, 1])
    for group in 0..<groups {
      let real = (0..<window).filter { 0..<columns ~= group * hop + $0 - hop / 2 }.count
      #expect(merged[0, group, 1, 0] == 3 * Double(real) / Double(window))
      if group * hop >= hop / 2 && group * hop - hop / 2 + window <= columns { #expect(real == window) }
    }
  }

  @Test func mergeMeansTheRightColumnsOfTheRightRows() {
    let x = CaseInputs(name: "merge", backend: backend).normal([2, 3, 17, 2])
    let v = Grid(x)
    let result = expected([2, 5, 3, 2]) { i in
      (0..<8).reduce(0.0) { sum, j in
        let column = i[1] * 4 + j - 2
        return 0..<17 ~= column ? sum + v[i[0], i[2], column, i[3]] / 8 : sum
      }
    }
    #expect(relativeError(x.mergedSegments(window: 8).values, result) < 1e-6)
  }

  @Test(arguments: [2, 4, 8, 16], [64, 17])
  func repeatRestoresTheColumns(window: Int, columns: Int) {
    let hop = window / 2
    let x = CaseInputs(name: "repeat", backend: backend).normal([2, (columns + hop - 1) / hop, 3, 2])
    let v = Grid(x)
    let found = x.repeatedSegments(window: window, columns: columns)
    #expect(found.shape == [2, 3, columns, 2])
    #expect(found.values == expected(found.shape) { v[$0[0], $0[2] / hop, $0[1], $0[3]] })
  }
}
