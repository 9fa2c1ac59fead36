import NocturneModels
import NocturneTensor

/// One backend operation at the shape a model uses it at, for one clip of `clipSeconds` with guidance where it applies; of
/// the decoder's, for a tenth of one.
struct ModelOperation {
  let name: String
  /// Rows of the outermost axis that carries the work.
  let rows: Int
  /// Rows the naive reference is measured on.
  let referenceRows: Int
  /// Floating-point operations of all rows (2 per multiply-accumulate; element-wise work is not counted in products).
  let operations: Double
  /// Makes inputs for so many rows and returns what is measured.
  let prepare: (_ rows: Int, _ backend: any Backend) -> () -> Void

  /// The operations of a configuration, in the order in which a clip meets them.
  static func all(of configuration: ModelConfiguration) -> [ModelOperation] {
    let lm = configuration.lm
    let dpd = configuration.dpd
    let width = dpd.dim
    let segment = dpd.segment
    let frames = configuration.latentFrames(seconds: Double(configuration.clipSeconds))
    let segments = Denoiser.segments(frames: frames, segment: segment)
    let tokens = configuration.semanticTokens(frames: frames)
    let fine = 2 * segments * segment
    let decoder = configuration.vae.decoder
    var operations = [
      linear("lm decode step, ffn up, batch 1", rows: 1, lm.dim, lm.ffn),
      linear("lm decode step, ffn up, batch 16", rows: 16, lm.dim, lm.ffn),
      linear("dpd coarse qkvo", rows: fine / 2, width, width),
      linear("dpd coarse ffn 1 + gelu", rows: fine / 2, width, dpd.roformer.ffn, activation: .gelu),
      linear("dpd coarse ffn 2", rows: fine / 2, dpd.roformer.ffn, width),
      linear("dpd fine sru projection", rows: fine, width, 6 * dpd.sru.units),
      attention("dpd self attention", columns: segment, queries: segments, width, dpd.roformer.heads),
      attention("dpd cross attention", columns: segment, queries: segments, keys: tokens, width, dpd.roformer.heads),
      recurrence("dpd sru recurrence", rows: 2 * segments, steps: segment, units: dpd.sru.units),
      normalisation("dpd rms norm of a sum", rows: fine, width),
    ]
    var length = frames
    var inputs = decoder.initial
    for (stage, outputs) in decoder.widths.enumerated() {
      let rate = decoder.rates[stage]
      operations.append(
        transposed(
          "vae up \(stage): \(inputs) -> \(outputs)", frames: length / 10, inputs, outputs,
          kernel: decoder.kernels[stage], rate: rate))
      length *= rate
      for kernel in decoder.mrfKernels {
        operations.append(
          convolution("vae mrf \(stage), kernel \(kernel), dilation 3", frames: length / 10, outputs, kernel: kernel))
      }
      inputs = outputs
    }
    return operations
  }

  private static func filled(_ shape: Shape, _ backend: any Backend) -> Tensor {
    Tensor((0..<shape.count).map { Float(($0 * 7919) % 257) / 257 - 0.5 }, shape: shape, on: backend)
  }

  private static func linear(
    _ name: String, rows: Int, _ inputs: Int, _ outputs: Int, activation: Activation = .none
  ) -> ModelOperation {
    ModelOperation(
      name: name, rows: rows, referenceRows: min(rows, 16), operations: 2 * Double(rows * inputs * outputs)
    ) { rows, backend in
      let x = filled([rows, inputs], backend)
      let weights = backend.prepareLinear(
        weight: filled([outputs, inputs], backend), bias: filled([outputs], backend), robust: true)
      return { _ = backend.linear(x, weights, activation: activation, residual: nil) }
    }
  }

  /// - Parameter keys: of one row for all columns, rotated already, as the diffusion network's condition is; nil: each column
  ///   attends to itself.
  private static func attention(
    _ name: String, columns: Int, queries: Int, keys: Int? = nil, _ width: Int, _ heads: Int
  ) -> ModelOperation {
    ModelOperation(
      name: name, rows: columns, referenceRows: 1, operations: 4 * Double(columns * queries * (keys ?? queries) * width)
    ) { columns, backend in
      let q = filled([columns, queries, width], backend)
      let memory = keys.map { filled([1, $0, width], backend) } ?? q
      let positions = (0..<queries).map(Float.init)
      let options = AttentionOptions(
        heads: heads, queryPositions: positions, keyPositions: keys == nil ? positions : nil)
      return { _ = backend.attention(queries: q, keys: memory, values: memory, options: options) }
    }
  }

  private static func recurrence(_ name: String, rows: Int, steps: Int, units: Int) -> ModelOperation {
    // About 14 operations a unit, step and direction.
    ModelOperation(name: name, rows: rows, referenceRows: 1, operations: 28 * Double(rows * steps * units)) {
      rows, backend in
      let projected = filled([rows, steps, 2, 3, units], backend)
      let input = filled([rows, steps, 2 * units], backend)
      let gates = filled([2, 2, units], backend)
      return {
        _ = backend.simpleRecurrence(projected: projected, input: input, cell: gates, bias: gates, skipScale: 1.7)
      }
    }
  }

  private static func normalisation(_ name: String, rows: Int, _ width: Int) -> ModelOperation {
    ModelOperation(name: name, rows: rows, referenceRows: 16, operations: 5 * Double(rows * width)) { rows, backend in
      let x = filled([rows, width], backend)
      let y = filled([rows, width], backend)
      let weight = filled([width], backend)
      return { _ = backend.rmsNorm(x, adding: y, weight: weight, epsilon: 1e-6) }
    }
  }

  private static func convolution(_ name: String, frames: Int, _ width: Int, kernel: Int) -> ModelOperation {
    ModelOperation(
      name: name, rows: frames, referenceRows: 8, operations: 2 * Double(frames * width * width * kernel)
    ) { frames, backend in
      let x = filled([1, frames, width], backend)
      let reach = 3 * (kernel - 1) / 2
      let weights = backend.prepareConvolution(
        weight: filled([width, width, kernel], backend), bias: filled([width], backend),
        geometry: ConvolutionGeometry(dilation: 3, padLeft: reach, padRight: reach))
      return { _ = backend.convolution(x, weights, inputSlope: 0.1, activation: .none, residual: x) }
    }
  }

  private static func transposed(
    _ name: String, frames: Int, _ inputs: Int, _ outputs: Int, kernel: Int, rate: Int
  ) -> ModelOperation {
    ModelOperation(
      name: name, rows: frames, referenceRows: 4, operations: 2 * Double(frames * inputs * outputs * kernel)
    ) { frames, backend in
      let x = filled([1, frames, inputs], backend)
      let trim = kernel - rate
      let weights = backend.prepareTransposedConvolution(
        weight: filled([inputs, outputs, kernel], backend), bias: filled([outputs], backend),
        geometry: TransposedGeometry(stride: rate, trimLeft: trim / 2, trimRight: trim - trim / 2))
      return { _ = backend.transposedConvolution(x, weights, inputSlope: 0.1) }
    }
  }
}
