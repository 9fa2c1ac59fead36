import NocturneCPU
import NocturneTensor
import NocturneTesting
import Testing

/// What a backend has to keep the same, to the bit.
@Suite struct InvarianceTests {
  static let choices = BackendChoice.all + OneDNNTests.choices

  /// Rows 0..<M of a linear layer for every M, against all 300: every remainder of every register block and tile.
  @Test(arguments: choices)
  func rowsOfALinearLayerDoNotDependOnTheirNumber(choice: BackendChoice) {
    let backend = choice.backend()
    let inputs = CaseInputs(name: "rows", backend: backend)
    let weights = inputs.linear(70, 97)
    let x = inputs.normal([300, 70])
    let whole = bits(x.linear(weights, activation: .gelu))
    for rows in 1...300 {
      let part = bits(x.rows(0..<rows).linear(weights, activation: .gelu))
      #expect(same(part, Array(whole.prefix(part.count))), "\(rows) rows")
    }
  }

  /// Both ways through the language model's layers: few rows that share out columns, many that share out rows.
  @Test(arguments: choices)
  func rowsOfALargeLayerDoNotDependOnTheirNumber(choice: BackendChoice) {
    let backend = choice.backend()
    let inputs = CaseInputs(name: "large rows", backend: backend)
    let weights = inputs.linear(1024, 512)
    let x = inputs.normal([1500, 1024])
    let whole = bits(x.linear(weights))
    for rows in [1, 2, 16, 17, 64, 65, 150, 900] {
      let last = bits(x.rows(1500 - rows..<1500).linear(weights))
      #expect(same(last, Array(whole.suffix(last.count))), "\(rows) rows")
    }
  }

  /// The whole operation table: one thread against two and four.
  @Test(arguments: choices)
  func threadsDoNotChangeABit(choice: BackendChoice) {
    let (one, two, four) = (choice.backend(threads: 1), choice.backend(threads: 2), choice.backend(threads: 4))
    for entry in OperationCase.all {
      let expected = entry.results(on: one).map(bits)
      #expect(same(entry.results(on: two).map(bits), expected), "\(entry.name) on two threads")
      #expect(same(entry.results(on: four).map(bits), expected), "\(entry.name) on four threads")
    }
  }

  /// A convolution long enough for many tiles, against its frames in the middle of a shorter one.
  @Test(arguments: choices)
  func framesOfAConvolutionDoNotDependOnTheirNeighbours(choice: BackendChoice) {
    let backend = choice.backend()
    let inputs = CaseInputs(name: "frames", backend: backend)
    let weights = inputs.convolution(24, 40, kernel: 7, ConvolutionGeometry(dilation: 5, padLeft: 15, padRight: 15))
    let x = inputs.normal([1, 2000, 24])
    let whole = x.convolution(weights, inputSlope: 0.1)
    for (first, count) in [(0, 1000), (500, 777), (1990, 10)] {
      let low = max(0, first - 15)
      let high = min(2000, first + count + 15)
      let part = x.sliced(axis: 1, low..<high).convolution(weights, inputSlope: 0.1)
      let found = part.sliced(axis: 1, first - low..<first - low + count)
      #expect(same(bits(found), bits(whole.sliced(axis: 1, first..<first + count))), "frames from \(first)")
    }
  }

  /// Keeps a failure's report from listing thousands of numbers.
  private func same<Value: Equatable>(_ a: [Value], _ b: [Value]) -> Bool { a == b }

  private func bits(_ x: Tensor) -> [UInt32] { x.values.map(\.bitPattern) }
}
