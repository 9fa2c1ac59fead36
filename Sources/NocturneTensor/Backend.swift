/// What computes on tensors. `ReferenceBackend` is the definition of every requirement; others must agree with it.
///
/// First tier: primitives, each backend's own. Second tier: fused operations with default bodies composed from the
/// first (`Backend+*`), which a backend overrides where fusing pays; the default stays as the oracle.
///
/// Every operation returns a new dense tensor. Shape mismatches are bugs and trap with the operation's name and shapes.
/// Results are independent of the number of threads and, row by row, of how many rows ride in one call: batch row b of a
/// result has the same bits whatever else is in the batch.
package protocol Backend: AnyObject, Sendable {
  /// Backend, instruction set, product type and revision of the arithmetic, such as `cpu/avx512_bf16/bf16/2`: reruns are
  /// bit-equal within one class.
  var numericClass: String { get }
  /// Threads that compute, the caller's included.
  var threads: Int { get }

  // MARK: First tier

  /// Uninitialised memory for `count` floats.
  func allocate(count: Int) -> Storage
  func unary(_ op: UnaryOp, _ x: Tensor) -> Tensor
  /// Broadcasts as NumPy does.
  func binary(_ op: BinaryOp, _ x: Tensor, _ y: Tensor) -> Tensor
  /// Keeps the axis with extent 1. Negative axes count from the end.
  func reduce(_ op: ReduceOp, _ x: Tensor, axis: Int) -> Tensor
  /// [..., M, K] x [..., K, N] -> [..., M, N]; `transposeY`: y is [..., N, K]. Equal outer extents, or y of rank 2.
  func matmul(_ x: Tensor, _ y: Tensor, transposeY: Bool) -> Tensor
  /// Rows of `table` [V, D] -> [indices.count, D].
  func gather(_ table: Tensor, _ indices: [Int]) -> Tensor
  /// New tensor of `shape` whose element at index i is x's element at `offset + sum(i * strides)` (strides in elements of
  /// x's dense buffer, 0 repeats): slices, transpositions, repeats, overlapping windows.
  func copyStrided(_ x: Tensor, shape: Shape, strides: [Int], offset: Int) -> Tensor
  /// Zeros before and after along one axis.
  func pad(_ x: Tensor, axis: Int, before: Int, after: Int) -> Tensor
  /// Joins along one axis.
  func concatenate(_ parts: [Tensor], axis: Int) -> Tensor
  /// Overwrites rows of `destination` [B, T, D] at frame `at` of every batch row with `source` [B, t, D]. The one
  /// mutating operation; for the key/value cache.
  func copy(_ source: Tensor, into destination: Tensor, at frame: Int)

  /// `weight` [out, in], `bias` [out]. `robust`: the network bears factors of 8 bits here, where the backend wins by them.
  func prepareLinear(weight: Tensor, bias: Tensor?, robust: Bool) -> PreparedLinear
  /// `weight` [out, in, k], `bias` [out].
  func prepareConvolution(weight: Tensor, bias: Tensor?, geometry: ConvolutionGeometry) -> PreparedConvolution
  /// `weight` [in, out, k] (PyTorch's layout), `bias` [out].
  func prepareTransposedConvolution(weight: Tensor, bias: Tensor?, geometry: TransposedGeometry)
    -> PreparedTransposedConvolution

  /// [..., in] -> [..., out]: activation(x W^T + b) + residual.
  func linear(_ x: Tensor, _ weights: PreparedLinear, activation: Activation, residual: Tensor?) -> Tensor
  /// [B, T, in] -> [B, T', out]: activation(conv(leakyReLU(x, inputSlope)) + b) + residual; inputSlope 1 is identity.
  func convolution(
    _ x: Tensor, _ weights: PreparedConvolution, inputSlope: Float, activation: Activation, residual: Tensor?
  ) -> Tensor
  /// [B, T, in] -> [B, T * stride + ..., out] of leakyReLU(x, inputSlope).
  func transposedConvolution(_ x: Tensor, _ weights: PreparedTransposedConvolution, inputSlope: Float) -> Tensor

  // MARK: Second tier (defaults in Backend+*)

  /// Layers that read the same rows: [..., in] -> x W^T + b, [..., out], of each.
  func linears(_ x: Tensor, _ layers: [PreparedLinear]) -> [Tensor]
  /// Softmax over the innermost axis.
  func softmax(_ x: Tensor) -> Tensor
  /// RMSNorm(x + y) over the innermost axis: weight * v / sqrt(mean(v^2) + epsilon).
  func rmsNorm(_ x: Tensor, adding y: Tensor?, weight: Tensor, epsilon: Float) -> Tensor
  /// LayerNorm(x + y) over the innermost axis.
  func layerNorm(_ x: Tensor, adding y: Tensor?, weight: Tensor, bias: Tensor, epsilon: Float) -> Tensor
  /// Multi-head attention: queries [B, Tq, D], keys and values [Bk, Tk, D], Bk divides B and query row b reads key row
  /// b / (B / Bk) -> [B, Tq, D]; scale 1/sqrt(headDim). Keys outside the mask take no part.
  func attention(queries: Tensor, keys: Tensor, values: Tensor, options: AttentionOptions) -> Tensor
  /// An empty cache of [B, capacity, D].
  func makeKeyValueCache(_ shape: Shape) -> any KeyValueCache
  /// Rotates [B, T, H * d] head by head at `positions` (one per t), as attention does inside.
  func rotate(_ x: Tensor, heads: Int, positions: [Float], base: Float) -> Tensor
  /// silu(gate) * up.
  func gatedSilu(gate: Tensor, up: Tensor) -> Tensor
  /// SRU recurrence (model.md 7.1) over axis K, both directions: `projected` [R, K, 2, 3, U] (direction; candidate, forget,
  /// reset; unit), `input` [R, K, 2U], `cell` and `bias` [2 gates, 2 directions, U], skip scale alpha -> [R, K, 2U].
  func simpleRecurrence(projected: Tensor, input: Tensor, cell: Tensor, bias: Tensor, skipScale: Float) -> Tensor
  /// x [R, K, D] * scale [R, D] + shift [R, D], broadcast over K (FiLM's inner product, model.md 4.5).
  func modulate(_ x: Tensor, scale: Tensor, shift: Tensor) -> Tensor
  /// [B, L, D] -> [B, S, K, D] half-overlapping rows of the zero-padded sequence (model.md 4.4).
  func segment(_ x: Tensor, length: Int, count: Int) -> Tensor
  /// [B, S, K, D] -> [B, frames, D]: sum at the same offsets, cropped (model.md 4.4).
  func overlapAdd(_ x: Tensor, frames: Int) -> Tensor
  /// [B, S, K, D] -> [B, Kms, S, D]: means over groups of `window` columns at half stride (model.md 4.5).
  func mergeSegments(_ x: Tensor, window: Int) -> Tensor
  /// [B, Kms, S, D] -> [B, S, columns, D]: column j is group j / (window/2) (model.md 4.5).
  func repeatSegments(_ x: Tensor, window: Int, columns: Int) -> Tensor
  /// Calls `body` once for each index below `count`, in any order, on any of the backend's threads.
  func forEach(_ count: Int, _ body: (Int) -> Void)
}
