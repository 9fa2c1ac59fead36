import CNocturneKernels

/// The frames one tile of a convolution reads, prepared in the thread's scratch; zeros outside the input.
struct FrameWindow {
  let weights: PackedWeights
  let backend: CPUBackend
  let inputSlope: Float
  /// Elements between frames.
  let stride: Int
  let rowBytes: Int

  init(_ weights: PackedWeights, backend: CPUBackend, inputSlope: Float) {
    self.weights = weights
    self.backend = backend
    self.inputSlope = inputSlope
    let bytes = backend.kernels.preparedBytes(weights.number)
    stride = backend.preparedStride(weights.depth, bytes: bytes)
    rowBytes = stride * bytes
  }

  /// Frames `first ..< first + count` of x [frames, inputs], which may reach beyond both ends.
  func prepare(_ x: UnsafePointer<Float>, frames: Int, from first: Int, count: Int) -> UnsafeMutableRawPointer {
    let window = backend.scratch(NK_SCRATCH_ROWS, bytes: count * rowBytes)
    let inside = max(first, 0)..<max(min(first + count, frames), max(first, 0))
    let before = min(inside.lowerBound - first, count)
    window.initializeMemory(as: UInt8.self, repeating: 0, count: before * rowBytes)
    backend.prepareRows(
      x + inside.lowerBound * weights.inputs, step: weights.inputs, count: inside.count, weights: weights,
      slope: inputSlope, into: window + before * rowBytes, stride: stride)
    let end = before + inside.count
    (window + end * rowBytes).initializeMemory(as: UInt8.self, repeating: 0, count: (count - end) * rowBytes)
    return window
  }
}
