import CNocturneKernels
import NocturneTensor

// What linear layers and convolutions share.

extension CPUBackend {
  /// Elements between prepared rows: the depth and a cache line, so that rows never lie a power of two apart (and that
  /// an int8 row has room for its scale). oneDNN packs weights only for dense rows.
  func preparedStride(_ depth: Int, bytes: Int) -> Int {
    if usesOneDNN { return depth }
    let line = 64 / bytes
    return (depth + line - 1) / line * line + line
  }

  /// The calling thread's scratch memory.
  func scratch(_ slot: some BinaryInteger, bytes: Int) -> UnsafeMutableRawPointer { nk_scratch(Int32(slot), bytes) }

  /// leaky(x) rounded as the product reads it.
  func prepareRows(
    _ x: UnsafePointer<Float>, step: Int, count: Int, weights: PackedWeights, slope: Float,
    into rows: UnsafeMutableRawPointer, stride: Int
  ) {
    kernels.entry(kernels.table.prepare, weights.number)?(
      x, step, Int32(count), Int32(weights.inputs), Int32(weights.depth), slope, rows, stride)
  }
}

extension Activation {
  var kernel: nk_activation {
    switch self {
    case .none: NK_NONE
    case .gelu: NK_GELU
    case .silu: NK_SILU
    case .tanh: NK_TANH
    }
  }
}
