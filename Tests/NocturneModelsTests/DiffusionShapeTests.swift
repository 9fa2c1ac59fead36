import Foundation
import NocturneModels
import NocturneTensor
import Testing

/// Model.md section 10, checks 2, 4, 5 and 6, at the paper's sizes.
struct DiffusionShapeTests {
  private let backend = ReferenceBackend()

  @Test func paperClipHasEightySegments() { #expect(Denoiser.segments(frames: 2500, segment: 64) == 80) }

  @Test func paperMergesIntoTheListedColumns() {
    let windows = (0..<8).map { DualPathBlock.window(block: $0, of: 8) }
    #expect(windows == [2, 4, 8, 16, 16, 8, 4, 2])
    let columns = windows.map { DualPathBlock.columns(segment: 64, window: $0) }
    #expect(columns == [64, 32, 16, 8, 8, 16, 32, 64])
    #expect(columns.reduce(0, +) == 240)
  }

  /// Three clips conditionally, two unconditionally, in groups that split clips, segments, or nothing.
  @Test(arguments: TestedBackend.allCases, 0..<4)
  func groupsOfColumnsAndSegmentsChangeNothing(tested: TestedBackend, index: Int) {
    let denoiser = tested.melody.denoiser
    let (block, segments) = (denoiser.blocks[index], 11)
    let stream = RandomStream(seed: 7, stage: .test)
    let x = Tensor(
      stream.normals(count: 5 * segments * 16 * 96), shape: [5, segments, 16, 96], on: tested.melody.backend)
    let condition = denoiser.condition(on: [[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    let rows = ModulationRows(vectors: condition.pooled, indices: (0..<5 * segments).map { $0 % 3 })
    let positions = SegmentPositions(segments: segments, tokens: 3)
    func run(together: Int) -> [Float] {
      let memory = condition.memory[index]
      return block(x, conditional: 3, memory: memory, positions: positions, rows: rows, together: together).values
    }
    let whole = run(together: 1_000_000)
    // One clip has 88 or 176 vectors on the coarse path, 176 on the fine one.
    for together in [1, 30, 90, 200, 400] { #expect(run(together: together) == whole, "\(together) together") }
  }

  @Test func highwayScaleIsRootThreeAtBiasZero() {
    #expect(abs(RecurrentLayer.skipScale(highwayBias: 0) - Float(3).squareRoot()) < 1e-6)
    #expect(abs(RecurrentLayer.skipScale(highwayBias: -2) - Float((1 + 2 * exp(-2.0)).squareRoot())) < 1e-6)
  }

  /// The scan against the equations of 7.1, one channel and step at a time.
  @Test func recurrenceIsTheStepByStepOne() throws {
    let layer = TestedBackend.reference.melody.denoiser.blocks[0].recurrence[0]
    let checkpoint = Fixture.directory.appendingPathComponent("tiny/dpd.safetensors").path
    let file = try SafetensorsFile(path: checkpoint)
    let (weight, cell, bias) = (
      try file.tensor("blocks.0.sru.0.weight", on: backend), try file.tensor("blocks.0.sru.0.weight_c", on: backend),
      try file.tensor("blocks.0.sru.0.bias", on: backend)
    )
    let (units, width, steps) = (48, 96, 7)
    let x = Tensor(
      RandomStream(seed: 3, stage: .test).normals(count: steps * width), shape: [1, steps, width], on: backend)
    let found = layer(x).values
    let (w, c, b, input) = (weight.values, cell.values, bias.values, x.values)
    let alpha = sqrt(3.0)
    for direction in 0..<2 {
      for unit in 0..<units {
        var state = 0.0
        for step in direction == 0 ? Array(0..<steps) : (0..<steps).reversed() {
          let u = (0..<3).map { matrix in
            (0..<width).reduce(0.0) {
              $0 + Double(w[((direction * units + unit) * 3 + matrix) * width + $1]) * Double(input[step * width + $1])
            }
          }
          func gate(_ index: Int, _ value: Double) -> Double {
            let at = (index * 2 + direction) * units + unit
            return 1 / (1 + exp(-(value + Double(c[at]) * state + Double(b[at]))))
          }
          let (forget, reset) = (gate(0, u[1]), gate(1, u[2]))
          state = forget * state + (1 - forget) * u[0]
          let channel = direction * units + unit
          let expected = reset * state + (1 - reset) * alpha * Double(input[step * width + channel])
          #expect(abs(Double(found[step * width + channel]) - expected) < 1e-4)
        }
      }
    }
  }

  @Test(arguments: TestedBackend.allCases)
  func attentionScoresDoNotSeeACommonShift(tested: TestedBackend) {
    let backend = tested.melody.backend
    let stream = RandomStream(seed: 5, stage: .test)
    func random(_ frames: Int, _ from: UInt64) -> Tensor {
      Tensor(stream.normals(count: frames * 32, from: from), shape: [1, frames, 32], on: backend)
    }
    let (queries, keys, values) = (random(5, 0), random(7, 1000), random(7, 2000))
    func attend(shift: Float) -> [Float] {
      let options = AttentionOptions(
        heads: 2, queryPositions: (0..<5).map { Float($0) * 3.125 + shift },
        keyPositions: (0..<7).map { Float($0) + shift })
      return queries.attention(keys: keys, values: values, options: options).values
    }
    for shift: Float in [1, 17, 0.375, 100.5] {
      expectAgreement(attend(shift: shift), attend(shift: 0), within: max(2e-5, tested.tolerance / 4), "shift \(shift)")
    }
  }
}
