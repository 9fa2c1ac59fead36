package import NocturneTensor

/// Every tensor of one checkpoint file: what the maker writes, the loader demands and the census counts.
package struct ModuleLayout: Sendable {
  /// File name without `.safetensors`.
  package let name: String
  package private(set) var tensors: [TensorSpec] = []
  private var prefix = ""

  /// A layout that `describe` fills, in the order the tensors are written.
  package init(_ name: String, _ describe: (inout ModuleLayout) -> Void) {
    self.name = name
    describe(&self)
  }

  package var fileName: String { name + ".safetensors" }

  /// Number of values in the file.
  package var parameters: Int { tensors.reduce(0) { $0 + $1.shape.count } }

  /// Describes what lies below `name.`.
  package mutating func scope(_ name: String, _ describe: (inout ModuleLayout) -> Void) {
    let outer = prefix
    prefix += name + "."
    describe(&self)
    prefix = outer
  }

  package mutating func tensor(_ key: String, _ shape: Shape, _ filling: TensorSpec.Filling) {
    tensors.append(TensorSpec(key: prefix + key, shape: shape, filling: filling))
  }

  /// A linear layer whose outputs have `gain` times the deviation of its inputs.
  package mutating func linear(
    _ name: String, from inputs: Int, to outputs: Int, bias: Bool, gain: Float = 1, biasValue: Float = 0
  ) {
    let deviation = gain / Float(inputs).squareRoot()
    tensor(name + ".weight", [outputs, inputs], .spread(deviation: deviation))
    if bias { tensor(name + ".bias", [outputs], .constant(biasValue)) }
  }

  /// The gain of an RMSNorm.
  package mutating func norm(_ name: String, _ width: Int, gain: Float = 1) {
    tensor(name + ".weight", [width], .constant(gain))
  }

  package mutating func layerNorm(_ name: String, _ width: Int) {
    tensor(name + ".weight", [width], .constant(1))
    tensor(name + ".bias", [width], .constant(0))
  }

  package mutating func convolution(
    _ name: String, from inputs: Int, to outputs: Int, kernel: Int, gain: Float = 1
  ) {
    let deviation = gain / Float(inputs * kernel).squareRoot()
    tensor(name + ".weight", [outputs, inputs, kernel], .spread(deviation: deviation))
    tensor(name + ".bias", [outputs], .constant(0))
  }

  /// Each output sample of a transposed convolution sums `inputs * kernel / stride` products.
  package mutating func transposedConvolution(
    _ name: String, from inputs: Int, to outputs: Int, kernel: Int, stride: Int, gain: Float = 1
  ) {
    let deviation = gain / (Float(inputs * kernel) / Float(stride)).squareRoot()
    tensor(name + ".weight", [inputs, outputs, kernel], .spread(deviation: deviation))
    tensor(name + ".bias", [outputs], .constant(0))
  }
}
