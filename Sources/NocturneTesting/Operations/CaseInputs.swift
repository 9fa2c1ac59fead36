package import NocturneTensor

/// Random tensors for one case: the n-th one asked for is a function of the case's name and n.
package final class CaseInputs {
  package let backend: any Backend
  private let seed: UInt64
  private var lane: UInt32 = 0

  package init(name: String, backend: any Backend) {
    self.backend = backend
    // FNV-1a: names are few and short.
    seed = name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  private func next() -> RandomStream {
    defer { lane += 1 }
    return RandomStream(seed: seed, stage: .test, lane: lane)
  }

  /// Normal values of the given standard deviation.
  package func normal(_ shape: Shape, scale: Float = 1) -> Tensor {
    Tensor(next().normals(count: shape.count).map { $0 * scale }, shape: shape, on: backend)
  }

  package func uniform(_ shape: Shape, _ low: Float, _ high: Float) -> Tensor {
    Tensor(next().uniforms(count: shape.count).map { low + (high - low) * $0 }, shape: shape, on: backend)
  }

  /// Whole numbers `0..<bound` as floats; ties are likely.
  package func whole(_ shape: Shape, below bound: Int) -> Tensor {
    Tensor(indices(shape.count, below: bound).map(Float.init), shape: shape, on: backend)
  }

  package func indices(_ count: Int, below bound: Int) -> [Int] {
    let stream = next()
    return (0..<count).map { Int(stream.uniform(at: UInt64($0)) * Double(bound)) }
  }

  /// Weights [out, in] and bias, scaled so that results are of the inputs' size; robust, so that a backend of int8 takes
  /// them as such.
  package func linear(_ inputs: Int, _ outputs: Int, bias: Bool = true) -> PreparedLinear {
    backend.prepareLinear(
      weight: normal([outputs, inputs], scale: 1 / Float(inputs).squareRoot()), bias: bias ? normal([outputs]) : nil,
      robust: true)
  }

  package func convolution(
    _ inputs: Int, _ outputs: Int, kernel: Int, bias: Bool = true, _ geometry: ConvolutionGeometry
  )
    -> PreparedConvolution
  {
    backend.prepareConvolution(
      weight: normal([outputs, inputs, kernel], scale: 1 / Float(inputs * kernel).squareRoot()),
      bias: bias ? normal([outputs]) : nil, geometry: geometry)
  }

  package func transposed(_ inputs: Int, _ outputs: Int, kernel: Int, bias: Bool = true, _ geometry: TransposedGeometry)
    -> PreparedTransposedConvolution
  {
    let terms = Float(inputs * kernel) / Float(geometry.stride)
    return backend.prepareTransposedConvolution(
      weight: normal([inputs, outputs, kernel], scale: 1 / max(1, terms).squareRoot()),
      bias: bias ? normal([outputs]) : nil, geometry: geometry)
  }
}
