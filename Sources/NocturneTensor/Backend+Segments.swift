// Default bodies, composed from the first tier for clarity: they are the oracles of the fused versions.
// B batch, S segments, K columns of a segment, D width (model.md 4.4, 4.5).

extension Backend {
  package func segment(_ x: Tensor, length: Int, count: Int) -> Tensor {
    let (shape, hop) = (x.shape.segmented(length: length, count: count), length / 2)
    let (frames, dim) = (x.shape[1], x.shape[2])
    let total = (count + 1) * hop
    let padded = pad(x, axis: 1, before: hop, after: total - hop - frames)
    return copyStrided(padded, shape: shape, strides: [total * dim, hop * dim, dim, 1], offset: 0)
  }

  package func overlapAdd(_ x: Tensor, frames: Int) -> Tensor {
    _ = x.shape.overlapAdded(frames: frames)
    let (batch, count, hop, dim) = (x.shape[0], x.shape[1], x.shape[2] / 2, x.shape[3])
    // First halves lie end to end from frame 0, second halves from frame `hop`.
    let first = x.sliced(axis: 2, 0..<hop).reshaped([batch, count * hop, dim])
    let second = x.sliced(axis: 2, hop..<2 * hop).reshaped([batch, count * hop, dim])
    let sum = pad(first, axis: 1, before: 0, after: hop) + pad(second, axis: 1, before: hop, after: 0)
    return sum.sliced(axis: 1, hop..<hop + frames)
  }

  package func mergeSegments(_ x: Tensor, window: Int) -> Tensor {
    let shape = x.shape.mergedSegments(window: window)
    let (batch, count, columns, dim) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let (groups, hop) = (shape[1], window / 2)
    let total = (groups + 1) * hop
    let padded = pad(x, axis: 2, before: hop / 2, after: total - hop / 2 - columns)
    let windows = copyStrided(
      padded, shape: [batch, groups, count, window, dim],
      strides: [count * total * dim, hop * dim, total * dim, dim, 1], offset: 0)
    return reduce(.mean, windows, axis: 3).reshaped(shape)
  }

  package func repeatSegments(_ x: Tensor, window: Int, columns: Int) -> Tensor {
    _ = x.shape.repeatedSegments(window: window, columns: columns)
    let hop = window / 2
    let (batch, groups, count, dim) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let repeated = copyStrided(
      x, shape: [batch, count, groups, hop, dim], strides: [groups * count * dim, dim, count * dim, 0, 1], offset: 0)
    return repeated.reshaped([batch, count, groups * hop, dim]).sliced(axis: 2, 0..<columns)
  }
}
