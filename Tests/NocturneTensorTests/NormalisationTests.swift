import Foundation
import NocturneTensor
import NocturneTesting
import Testing

@Suite struct NormalisationTests {
  let backend = ReferenceBackend()

  @Test func softmaxIsShareOfExponentials() {
    let x = Tensor([0, 1, 2, 1000, 1000, -.infinity], shape: [2, 3], on: backend).softmax().values
    #expect(relativeError(x, [0.09003057, 0.24472847, 0.66524096, 0.5, 0.5, 0]) < 1e-6)
  }

  @Test func rmsNormIsItsFormula() {
    let x = CaseInputs(name: "rmsNorm", backend: backend)
    let (a, b, weight) = (x.normal([3, 17]), x.normal([3, 17]), x.normal([17]))
    for adding in [nil, b] {
      let v = Grid(adding.map { a + $0 } ?? a)
      let result = expected([3, 17]) { i in
        let meanSquare = (0..<17).reduce(0.0) { $0 + v[i[0], $1] * v[i[0], $1] } / 17
        return Grid(weight)[i[1]] * v[i[0], i[1]] / sqrt(meanSquare + 0.1)
      }
      #expect(relativeError(a.rmsNorm(adding: adding, weight: weight, epsilon: 0.1).values, result) < 1e-6)
    }
  }

  @Test func layerNormIsItsFormula() {
    let x = CaseInputs(name: "layerNorm", backend: backend)
    let (a, b, weight, bias) = (x.normal([3, 17]) + 5, x.normal([3, 17]), x.normal([17]), x.normal([17]))
    for adding in [nil, b] {
      let v = Grid(adding.map { a + $0 } ?? a)
      let result = expected([3, 17]) { i in
        let mean = (0..<17).reduce(0.0) { $0 + v[i[0], $1] } / 17
        let variance = (0..<17).reduce(0.0) { $0 + (v[i[0], $1] - mean) * (v[i[0], $1] - mean) } / 17
        return (v[i[0], i[1]] - mean) / sqrt(variance + 0.1) * Grid(weight)[i[1]] + Grid(bias)[i[1]]
      }
      #expect(
        relativeError(a.layerNorm(adding: adding, weight: weight, bias: bias, epsilon: 0.1).values, result) < 1e-6)
    }
  }

  @Test func gatedSiluAndModulationOfSmallValues() {
    let (gate, up) = (Tensor([1, -2], shape: [2], on: backend), Tensor([10, 100], shape: [2], on: backend))
    #expect(relativeError(backend.gatedSilu(gate: gate, up: up).values, [7.3105858, -23.840584]) < 1e-6)
    let x = Tensor([1, 2, 3, 4, 5, 6, 7, 8], shape: [2, 2, 2], on: backend)
    let scale = Tensor([1, 10, 100, -1], shape: [2, 2], on: backend)
    let shift = Tensor([0.5, 0, 1, 2], shape: [2, 2], on: backend)
    #expect(x.modulated(scale: scale, shift: shift).values == [1.5, 20, 3.5, 40, 501, -4, 701, -6])
  }
}
