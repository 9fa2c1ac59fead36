import Foundation
import NocturneTensor
import NocturneTesting
import Testing

// Products against their definitions, index by index over the weights as PyTorch stores them.

@Suite struct ProductTests {
  let backend = ReferenceBackend()
  private func inputs(_ name: String = #function) -> CaseInputs { CaseInputs(name: name, backend: backend) }

  @Test func matmulOfTwoSmallMatrices() {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3], on: backend)
    let y = Tensor([1, 0, 2, 1, 0, 3], shape: [3, 2], on: backend)
    #expect(x.matmul(y).values == [5, 11, 14, 23])
    #expect(
      x.matmul(Tensor([1, 2, 0, 0, 1, 3], shape: [2, 3], on: backend), transposed: true).values == [5, 11, 14, 23])
  }

  @Test(arguments: [false, true], [false, true])
  func matmulIsTheSumOverItsInnerAxis(transposed: Bool, flat: Bool) {
    let x = inputs()
    let (a, b) = (x.normal([2, 3, 5, 17]), x.normal(Shape((flat ? [] : [2, 3]) + (transposed ? [7, 17] : [17, 7]))))
    let (left, right) = (Grid(a), Grid(b))
    let result = expected([2, 3, 5, 7]) { i in
      (0..<17).reduce(0.0) { sum, k in
        let factor =
          switch (flat, transposed) {
          case (true, true): right[i[3], k]
          case (true, false): right[k, i[3]]
          case (false, true): right[i[0], i[1], i[3], k]
          case (false, false): right[i[0], i[1], k, i[3]]
          }
        return sum + left[i[0], i[1], i[2], k] * factor
      }
    }
    #expect(relativeError(a.matmul(b, transposed: transposed).values, result) < 1e-6)
  }

  @Test func linearAddsBiasThenActsThenAddsTheResidual() {
    let weight = Tensor([1, 2, -1, 0], shape: [2, 2], on: backend)
    let weights = backend.prepareLinear(weight: weight, bias: Tensor([0.5, -3], shape: [2], on: backend))
    let x = Tensor([1, 1], shape: [1, 2], on: backend)
    let residual = Tensor([10, 20], shape: [1, 2], on: backend)
    #expect(backend.linear(x, weights).values == [3.5, -4])
    #expect(backend.linear(x, weights, residual: residual).values == [13.5, 16])
    let silu = x.linear(weights, activation: .silu, residual: residual).values
    #expect(abs(silu[0] - 13.397408) < 1e-5 && abs(silu[1] - 19.928055) < 1e-5)
  }

  @Test(arguments: [
    (kernel: 3, stride: 1, dilation: 1, left: 1, right: 1), (kernel: 7, stride: 1, dilation: 5, left: 15, right: 15),
    (kernel: 5, stride: 2, dilation: 1, left: 1, right: 2), (kernel: 4, stride: 3, dilation: 2, left: 0, right: 5),
    (kernel: 1, stride: 1, dilation: 1, left: 0, right: 0),
  ])
  func convolutionIsItsSum(kernel: Int, stride: Int, dilation: Int, left: Int, right: Int) {
    let x = inputs()
    let geometry = ConvolutionGeometry(stride: stride, dilation: dilation, padLeft: left, padRight: right)
    let (weight, bias, input) = (x.normal([4, 3, kernel]), x.normal([4]), x.normal([2, 20, 3]))
    let (w, b, v) = (Grid(weight), Grid(bias), Grid(input))
    let frames = geometry.outputFrames(20, kernel: kernel)
    let residual = x.normal([2, frames, 4])
    let result = expected([2, frames, 4]) { i in
      var sum = b[i[2]]
      for tap in 0..<kernel {
        let t = i[1] * stride + tap * dilation - left
        guard t >= 0 && t < 20 else { continue }
        for c in 0..<3 {
          let value = v[i[0], t, c]
          sum += w[i[2], c, tap] * (value < 0 ? 0.1 * value : value)
        }
      }
      return tanh(sum) + Grid(residual)[i[0], i[1], i[2]]
    }
    let weights = backend.prepareConvolution(weight: weight, bias: bias, geometry: geometry)
    let found = input.convolution(weights, inputSlope: 0.1, activation: .tanh, residual: residual)
    #expect(found.shape == [2, frames, 4])
    #expect(relativeError(found.values, result) < 1e-6)
  }

  /// Kernel, stride and trims of the decoder (odd k - u trims one more on the right), and a gap between taps.
  @Test(arguments: [
    (kernel: 9, stride: 4, left: 2, right: 3), (kernel: 5, stride: 3, left: 1, right: 1),
    (kernel: 7, stride: 2, left: 2, right: 3), (kernel: 2, stride: 3, left: 0, right: 0),
  ])
  func transposedConvolutionScattersEveryFrame(kernel: Int, stride: Int, left: Int, right: Int) {
    let x = inputs()
    let (weight, bias, input) = (x.normal([3, 4, kernel]), x.normal([4]), x.normal([2, 11, 3]))
    let (w, v) = (Grid(weight), Grid(input))
    let full = 10 * stride + kernel
    var sums = [Double](repeating: 0, count: 2 * full * 4)
    for row in 0..<2 {
      for t in 0..<11 {
        for tap in 0..<kernel {
          for o in 0..<4 {
            for c in 0..<3 { sums[(row * full + t * stride + tap) * 4 + o] += v[row, t, c] * w[c, o, tap] }
          }
        }
      }
    }
    let frames = full - left - right
    let result = expected([2, frames, 4]) { sums[($0[0] * full + $0[1] + left) * 4 + $0[2]] + Grid(bias)[$0[2]] }
    let weights = backend.prepareTransposedConvolution(
      weight: weight, bias: bias, geometry: TransposedGeometry(stride: stride, trimLeft: left, trimRight: right))
    let found = input.transposedConvolution(weights)
    #expect(found.shape == [2, frames, 4])
    #expect(relativeError(found.values, result) < 1e-6)
    let slope = input.transposedConvolution(weights, inputSlope: 0.25).values
    #expect(relativeError(slope, input.leakyReLU(slope: 0.25).transposedConvolution(weights).values) == 0)
  }

  @Test(arguments: [(9, 4), (9, 4), (5, 3), (7, 2)])
  func decoderGeometriesMultiplyTheLength(kernel: Int, stride: Int) {
    let odd = kernel - stride
    let geometry = TransposedGeometry(stride: stride, trimLeft: odd / 2, trimRight: (odd + 1) / 2)
    let weights = inputs().transposed(1, 1, kernel: kernel, geometry)
    for frames in [1, 2, 33] { #expect(weights.outputShape([1, frames, 1])[1] == frames * stride) }
  }
}
