import Foundation

// Default bodies, composed from the first tier for clarity: they are the oracles of the fused versions.
// B query rows, Bk key rows, g = B / Bk query rows per key row, H heads of width d, D = H d.

extension Backend {
  package func attention(queries: Tensor, keys: Tensor, values: Tensor, options: AttentionOptions) -> Tensor {
    checkAttention(queries: queries.shape, keys: keys.shape, values: values.shape, options: options)
    let (keyRows, keyFrames) = (keys.shape[0], keys.shape[1])
    let group = queries.shape[0] / max(keyRows, 1)
    // Key rows one by one, each cut to its own length: what the padding mask hides may hold anything, even NaN.
    let parts = (0..<keyRows).map { row in
      let length = options.keyLengths?[row] ?? keyFrames
      return attentionRow(
        queries: queries.rows(row * group..<(row + 1) * group),
        keys: keys.rows(row..<row + 1).sliced(axis: 1, 0..<length),
        values: values.rows(row..<row + 1).sliced(axis: 1, 0..<length), options: options)
    }
    return concatenate(parts, axis: 0)
  }

  /// Queries [g, Tq, D] over one key row [1, Tk, D] -> [g, Tq, D].
  private func attentionRow(queries: Tensor, keys: Tensor, values: Tensor, options: AttentionOptions) -> Tensor {
    let (group, frames, dim) = (queries.shape[0], queries.shape[1], queries.shape[2])
    let (heads, headDim) = (options.heads, dim / options.heads)
    // A causal query never looks past the last one's horizon; cutting there keeps unwritten cache rows out.
    let length = min(keys.shape[1], options.causalOffset.map { $0 + frames } ?? keys.shape[1])
    var (q, k) = (queries, keys.sliced(axis: 1, 0..<length))
    if let positions = options.queryPositions {
      q = rotate(q, heads: heads, positions: positions, base: options.rotaryBase)
    }
    if let positions = options.keyPositions {
      k = rotate(k, heads: heads, positions: Array(positions.prefix(length)), base: options.rotaryBase)
    }
    q = q.reshaped([group * frames, heads, headDim]).transposed(0, 1)  // [H, g Tq, d]
    k = k.reshaped([length, heads, headDim]).transposed(0, 1)  // [H, Tk, d]
    let v = values.sliced(axis: 1, 0..<length).reshaped([length, heads, headDim]).transposed(0, 1)

    let scale = 1 / Float(headDim).squareRoot()
    var scores = unary(.affine(scale: scale, offset: 0), matmul(q, k, transposeY: true))
    if let offset = options.causalOffset {
      let mask = causalMask(frames: frames, length: length, offset: offset)
      scores = binary(.add, scores.reshaped([heads, group, frames, length]), mask)
    }
    let weights = softmax(scores.reshaped([heads, group * frames, length]))
    return matmul(weights, v, transposeY: false).transposed(0, 1).reshaped([group, frames, dim])
  }

  /// [Tq, Tk]: 0 where query t sees the key, minus infinity elsewhere.
  private func causalMask(frames: Int, length: Int, offset: Int) -> Tensor {
    var values = [Float](repeating: 0, count: frames * length)
    for t in 0..<frames {
      for key in 0..<length where key > offset + t { values[t * length + key] = -.infinity }
    }
    return Tensor(values, shape: [frames, length], on: self)
  }

  package func rotate(_ x: Tensor, heads: Int, positions: [Float], base: Float) -> Tensor {
    x.shape.checkRotation(heads: heads, positions: positions.count)
    let (frames, half) = (x.shape[1], x.shape[2] / heads / 2)
    let angles = positions.flatMap { position in
      (0..<half).map { Double(position) * pow(Double(base), -Double($0) / Double(half)) }
    }
    let cosine = Tensor(angles.map { Float(cos($0)) }, shape: [frames, 1, half], on: self)
    let sine = Tensor(angles.map { Float(sin($0)) }, shape: [frames, 1, half], on: self)

    let split = x.reshaped([x.shape[0], frames, heads, 2 * half])
    let (a, b) = (split.sliced(axis: 3, 0..<half), split.sliced(axis: 3, half..<2 * half))
    let first = binary(.subtract, binary(.multiply, a, cosine), binary(.multiply, b, sine))
    let second = binary(.add, binary(.multiply, a, sine), binary(.multiply, b, cosine))
    return concatenate([first, second], axis: 3).reshaped(x.shape)
  }

  /// Traps on what `attention` cannot mean; fused versions call it too, so that all refuse alike.
  package func checkAttention(queries q: Shape, keys k: Shape, values: Shape, options: AttentionOptions) {
    precondition(
      q.rank == 3 && k.rank == 3 && values == k && q[2] == k[2] && k[0] > 0 && q[0] % k[0] == 0,
      "attention: queries \(q), keys \(k), values \(values)")
    precondition(options.heads > 0 && q[2] % options.heads == 0, "attention: \(options.heads) heads of \(q)")
    precondition((options.causalOffset ?? 0) >= 0, "attention: causal offset \(options.causalOffset ?? 0)")
    precondition(
      options.keyLengths?.count ?? k[0] == k[0] && options.keyLengths?.allSatisfy { 1...k[1] ~= $0 } ?? true,
      "attention: key lengths \(options.keyLengths ?? []) for keys \(k)")
    precondition(
      options.queryPositions?.count ?? q[1] == q[1] && options.keyPositions?.count ?? k[1] == k[1],
      "attention: \(options.queryPositions?.count ?? q[1]) query and \(options.keyPositions?.count ?? k[1]) key "
        + "positions for queries \(q), keys \(k)")
  }
}
