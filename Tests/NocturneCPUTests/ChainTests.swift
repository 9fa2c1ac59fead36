import NocturneCPU
import NocturneTensor
import Testing

/// A sum of products is one chain of fused additions in the order of taps and depth, however the kernels cut rows, columns
/// and depth into parts: to the bit, against the chain written down.
@Suite struct ChainTests {
  /// What fuses, and multiplies bf16 as f32.
  static let choices = BackendChoice.all.filter {
    $0.precision != .int8 && $0.instructionSet >= .avx2
      && ($0.precision == .f32 || !$0.instructionSet.multipliesBF16)
  }

  /// `taps` of `inputs` each: none, one or more whole taps a part of 128, a tap in several parts, and all at once.
  /// Rows are more than a group of blocks; columns end in the middle of a panel.
  @Test(
    arguments: choices,
    [(1, 300, 48), (1, 128, 16), (1, 129, 33), (7, 40, 16), (3, 200, 80), (2, 64, 40), (3, 16, 16)])
  func isOneChain(choice: BackendChoice, size: (taps: Int, inputs: Int, outputs: Int)) {
    let (taps, inputs, outputs) = size
    let (frames, backend) = (205, choice.backend())
    // 8 bits each, so that rounding to bf16 changes nothing, of such different size that nearly every sum is rounded.
    func number(_ index: Int) -> Float {
      Float(index * 61 % 251 - 125) * Float(sign: .plus, exponent: -(index % 11), significand: 1)
    }
    let x = (0..<(frames + taps - 1) * inputs).map(number)
    let w = (0..<outputs * inputs * taps).map { number($0 * 7 + 3) }
    let weights = backend.prepareConvolution(
      weight: Tensor(w, shape: [outputs, inputs, taps], on: backend), bias: nil, geometry: ConvolutionGeometry())
    let found = Tensor(x, shape: [1, frames + taps - 1, inputs], on: backend).convolution(weights).values
    var expected: [Float] = []
    for frame in 0..<frames {
      for output in 0..<outputs {
        var sum: Float = 0
        for tap in 0..<taps {
          for input in 0..<inputs {
            sum.addProduct(x[(frame + tap) * inputs + input], w[(output * inputs + input) * taps + tap])
          }
        }
        expected.append(sum)
      }
    }
    #expect(found.count == expected.count)
    #expect(zip(found, expected).count { $0.bitPattern != $1.bitPattern } == 0)
  }
}
