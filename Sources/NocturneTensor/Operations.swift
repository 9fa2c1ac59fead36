/// Element-wise functions of one argument.
package enum UnaryOp: Hashable, Sendable {
  case negate, square, squareRoot, exponential, tanh, sigmoid
  /// GELU with the error function: x/2 (1 + erf(x / sqrt 2)).
  case gelu
  /// x sigmoid(x).
  case silu
  /// max(x, slope x), 0 <= slope < 1.
  case leakyReLU(slope: Float)
  /// x * scale + offset.
  case affine(scale: Float, offset: Float)
  case clamp(low: Float, high: Float)
}

/// Element-wise functions of two arguments, with broadcasting (an extent of 1, or a missing outer axis, repeats).
package enum BinaryOp: Hashable, Sendable, CaseIterable {
  case add, subtract, multiply, divide
}

/// Reductions over one axis, which is kept with extent 1.
package enum ReduceOp: Hashable, Sendable, CaseIterable {
  case sum, mean, maximum
}

/// Applied to the result of a fused product.
package enum Activation: Hashable, Sendable {
  case none, gelu, silu, tanh
}

/// Geometry of a one-dimensional convolution over [B, T, C].
package struct ConvolutionGeometry: Hashable, Sendable {
  package var stride: Int
  package var dilation: Int
  /// Zero frames before and after the input.
  package var padLeft: Int
  package var padRight: Int

  package init(stride: Int = 1, dilation: Int = 1, padLeft: Int = 0, padRight: Int = 0) {
    self.stride = stride
    self.dilation = dilation
    self.padLeft = padLeft
    self.padRight = padRight
  }

  /// Frames out for `frames` in, kernel `k`.
  package func outputFrames(_ frames: Int, kernel k: Int) -> Int {
    (frames + padLeft + padRight - dilation * (k - 1) - 1) / stride + 1
  }
}

/// Geometry of a transposed convolution over [B, T, C]: the full result of (T - 1) * stride + k frames, trimmed.
package struct TransposedGeometry: Hashable, Sendable {
  package var stride: Int
  package var trimLeft: Int
  package var trimRight: Int

  package init(stride: Int, trimLeft: Int, trimRight: Int) {
    self.stride = stride
    self.trimLeft = trimLeft
    self.trimRight = trimRight
  }
}

/// How queries see keys, and where both stand in time.
package struct AttentionOptions: Hashable, Sendable {
  package var heads: Int
  /// Query t sees keys 0...(causalOffset + t); nil: every key up to its batch row's length.
  package var causalOffset: Int?
  /// Valid keys of each key row (padding mask, one length of at least 1 per row of `keys`); nil: all.
  package var keyLengths: [Int]?
  /// Rotary base theta (10000); positions may be fractional; nil positions leave that side unrotated
  /// (model.md 7.2; pairs (j, j + headDim/2)).
  package var rotaryBase: Float
  package var queryPositions: [Float]?
  package var keyPositions: [Float]?

  package init(
    heads: Int, causalOffset: Int? = nil, keyLengths: [Int]? = nil, rotaryBase: Float = 10_000,
    queryPositions: [Float]? = nil, keyPositions: [Float]? = nil
  ) {
    self.heads = heads
    self.causalOffset = causalOffset
    self.keyLengths = keyLengths
    self.rotaryBase = rotaryBase
    self.queryPositions = queryPositions
    self.keyPositions = keyPositions
  }
}
