import Foundation
import NocturneTensor
import NocturneTesting
import Testing

@Suite struct AttentionTests {
  let backend = ReferenceBackend()

  /// Attention written out: query row b, key row b / (B / Bk), softmax over the keys `sees` lets through.
  private func direct(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, heads: Int, sees: (_ keyRow: Int, _ query: Int, _ key: Int) -> Bool
  ) -> [Float] {
    let (a, b, c) = (Grid(q), Grid(k), Grid(v))
    let width = q.shape[2] / heads
    return expected(q.shape) { i in
      let (row, head) = (i[0] / (q.shape[0] / k.shape[0]), i[2] / width)
      let keys = (0..<k.shape[1]).filter { sees(row, i[1], $0) }
      let weights = keys.map { key in
        let products = (0..<width).map { a[i[0], i[1], head * width + $0] * b[row, key, head * width + $0] }
        return exp(products.reduce(0, +) / Double(width).squareRoot())
      }
      let values = zip(keys, weights).reduce(0.0) { $0 + $1.1 * c[row, $1.0, i[2]] }
      return values / weights.reduce(0, +)
    }
  }

  @Test(arguments: [(1, 1), (2, 2), (6, 2), (4, 1)])
  func attentionIsItsFormulaOverSharedRows(rows: Int, keyRows: Int) {
    let x = CaseInputs(name: "attention", backend: backend)
    let (q, k, v) = (x.normal([rows, 5, 12]), x.normal([keyRows, 7, 12]), x.normal([keyRows, 7, 12]))
    let found = q.attention(keys: k, values: v, options: AttentionOptions(heads: 3)).values
    #expect(relativeError(found, direct(q, k, v, heads: 3) { _, _, _ in true }) < 1e-6)
  }

  @Test func maskAndCausalityHideKeysWhateverTheyHold() {
    let x = CaseInputs(name: "masks", backend: backend)
    let (q, k, v) = (x.normal([2, 5, 12]), x.normal([2, 9, 12]), x.normal([2, 9, 12]))
    let options = AttentionOptions(heads: 2, causalOffset: 2, keyLengths: [9, 4])
    let result = direct(q, k, v, heads: 2) { row, query, key in key <= 2 + query && key < [9, 4][row] }
    #expect(relativeError(q.attention(keys: k, values: v, options: options).values, result) < 1e-6)
    // Row 0 may look at keys 0...6, row 1 at keys 0...3; anything may stand behind.
    let garbage = Tensor.full(.nan, shape: [1, 2, 12], on: backend)
    backend.copy(garbage, into: k.rows(0..<1), at: 7)
    backend.copy(Tensor.full(.infinity, shape: [1, 5, 12], on: backend), into: v.rows(1..<2), at: 4)
    backend.copy(Tensor.full(.nan, shape: [1, 5, 12], on: backend), into: k.rows(1..<2), at: 4)
    #expect(relativeError(q.attention(keys: k, values: v, options: options).values, result) < 1e-6)
  }

  @Test func oneQueryAtATimeEqualsAllAtOnce() {
    let x = CaseInputs(name: "cache", backend: backend)
    let (q, k, v) = (x.normal([3, 8, 12]), x.normal([3, 8, 12]), x.normal([3, 8, 12]))
    let positions = (0..<8).map(Float.init)
    func options(_ frames: Range<Int>) -> AttentionOptions {
      AttentionOptions(
        heads: 2, causalOffset: frames.lowerBound, queryPositions: Array(positions[frames]), keyPositions: positions)
    }
    let whole = q.attention(keys: k, values: v, options: options(0..<8))
    let steps = (0..<8).map { t in
      q.sliced(axis: 1, t..<t + 1).attention(keys: k, values: v, options: options(t..<t + 1))
    }
    #expect(relativeError(Tensor.concatenated(steps, axis: 1).values, whole.values) < 1e-6)
  }

  @Test func rotationTurnsEachPlaneByItsAngle() {
    let x = CaseInputs(name: "rotate", backend: backend)
    let input = x.normal([2, 3, 12])
    let positions: [Float] = [0, 3.125, -7.5]
    let v = Grid(input)
    // Heads of width 6: planes (j, j + 3) for j = 0, 1, 2 at 500^(-2j/6).
    let result = expected([2, 3, 12]) { i in
      let (head, plane) = (i[2] / 6, i[2] % 3)
      let angle = Double(positions[i[1]]) * pow(500, -2 * Double(plane) / 6)
      let (a, b) = (v[i[0], i[1], head * 6 + plane], v[i[0], i[1], head * 6 + plane + 3])
      return i[2] % 6 < 3 ? a * cos(angle) - b * sin(angle) : a * sin(angle) + b * cos(angle)
    }
    #expect(relativeError(input.rotated(heads: 2, positions: positions, base: 500).values, result) < 1e-6)
  }

  @Test(arguments: [Float(1), 3.125, -0.37, 211.5])
  func scoresAreInvariantToACommonShift(shift: Float) {
    let x = CaseInputs(name: "shift", backend: backend)
    let (q, k, v) = (x.normal([1, 5, 16]), x.normal([1, 7, 16]), x.normal([1, 7, 16]))
    func shifted(_ shift: Float) -> [Float] {
      let options = AttentionOptions(
        heads: 2, queryPositions: (0..<5).map { Float($0) * 1.5 + shift },
        keyPositions: (0..<7).map { Float($0) + shift })
      return q.attention(keys: k, values: v, options: options).values
    }
    #expect(relativeError(shifted(shift), shifted(0)) < 1e-5)
    // Not because positions do nothing.
    let still = q.attention(keys: k, values: v, options: AttentionOptions(heads: 2)).values
    #expect(relativeError(still, shifted(0)) > 1e-2)
  }
}
