import CNocturneKernels
package import NocturneTensor

// B query rows, Bk key rows, g = B / Bk query rows per key row, H heads of width d, D = H d.

extension CPUBackend {
  package func attention(queries: Tensor, keys: Tensor, values: Tensor, options: AttentionOptions) -> Tensor {
    precondition(values.shape == keys.shape, "attention: keys \(keys.shape), values \(values.shape)")
    defer { withExtendedLifetime((keys, values)) {} }
    let (k, v) = (keys.pointer, values.pointer)
    return attention(queries: queries, keyShape: keys.shape, options: options) { call, start in
      call.keys = UnsafePointer(k + start)
      call.values = UnsafePointer(v + start)
    }
  }

  /// - Parameters:
  ///   - keyShape: of keys and values, [Bk, Tk, D].
  ///   - aim: points a call at the keys and values of an element of these.
  func attention(
    queries: Tensor, keyShape: Shape, options: AttentionOptions, aim: (inout nk_attention, Int) -> Void
  ) -> Tensor {
    checkAttention(queries: queries.shape, keys: keyShape, values: keyShape, options: options)
    defer { withExtendedLifetime(queries) {} }
    let q = queries.pointer
    let (keyRows, keyFrames, frames, dim) = (keyShape[0], keyShape[1], queries.shape[1], queries.shape[2])
    let (heads, headDim, group) = (options.heads, dim / options.heads, queries.shape[0] / keyRows)
    let queryTable = rotaryTable(options.queryPositions, headDim: headDim, base: options.rotaryBase)
    let keyTable = rotaryTable(options.keyPositions, headDim: headDim, base: options.rotaryBase)
    // A single query packs nothing and reads the keys of all its heads in one go, where that occupies the threads.
    let together = frames == 1 && keyTable.isEmpty ? max(1, min(heads, keyRows * heads / (4 * threads))) : 1
    let shares = (heads + together - 1) / together
    // A key row's heads are packed once for all its query rows; those are split only to occupy the threads.
    let parts = min(group, max(1, (4 * threads + keyRows * shares - 1) / (keyRows * shares)))
    let share = (group + parts - 1) / parts
    let attend = roundsToBF16 ? kernels.table.attention.1 : kernels.table.attention.0
    return make(queries.shape) { result in
      queryTable.withUnsafeBufferPointer { queryTable in
        keyTable.withUnsafeBufferPointer { keyTable in
          pool.forEach(keyRows * shares * parts) { task in
            let (rest, part) = task.quotientAndRemainder(dividingBy: parts)
            let (keyRow, headShare) = rest.quotientAndRemainder(dividingBy: shares)
            let head = headShare * together
            let first = keyRow * group + part * share
            let count = min(share, (keyRow + 1) * group - first)
            guard count > 0 else { return }
            var call = nk_attention()
            call.queries = UnsafePointer(q + first * frames * dim + head * headDim)
            aim(&call, keyRow * keyFrames * dim + head * headDim)
            call.out = result + first * frames * dim + head * headDim
            (call.query_row, call.key_row, call.value_row, call.out_row) = (dim, dim, dim, dim)
            (call.query_batch, call.out_batch) = (frames * dim, frames * dim)
            call.query_rotary = options.queryPositions == nil ? nil : queryTable.baseAddress
            call.key_rotary = options.keyPositions == nil ? nil : keyTable.baseAddress
            call.batches = Int32(count)
            call.query_count = Int32(frames)
            call.key_count = Int32(options.horizon(keyRow, of: keyFrames, queries: frames))
            call.heads = Int32(min(together, heads - head))
            call.head_dim = Int32(headDim)
            call.causal = options.causalOffset != nil
            call.causal_offset = Int32(options.causalOffset ?? 0)
            call.scale = 1 / Float(headDim).squareRoot()
            attend?(&call)
          }
        }
      }
    }
  }

  package func rotate(_ x: Tensor, heads: Int, positions: [Float], base: Float) -> Tensor {
    x.shape.checkRotation(heads: heads, positions: positions.count)
    defer { withExtendedLifetime(x) {} }
    let (source, frames, dim) = (x.pointer, x.shape[1], x.shape[2])
    let headDim = dim / heads
    return make(x.shape) { result in
      rotary.table(positions, headDim: headDim, base: base).withUnsafeBufferPointer { table in
        guard let table = table.baseAddress else { return }
        pool.forEachRows(x.shape[0] * frames, width: dim) { rows in
          for row in rows {
            kernels.table.rotate(
              source + row * dim, table + (row % frames) * headDim, result + row * dim, Int32(heads), Int32(headDim))
          }
        }
      }
    }
  }

  /// Empty where there are no positions.
  private func rotaryTable(_ positions: [Float]?, headDim: Int, base: Float) -> [Float] {
    guard let positions else { return [] }
    precondition(headDim % 2 == 0, "attention: heads of odd width \(headDim) cannot be rotated")
    return rotary.table(positions, headDim: headDim, base: base)
  }
}

extension AttentionOptions {
  /// Keys of a row that some query sees.
  func horizon(_ row: Int, of keys: Int, queries: Int) -> Int {
    min(keyLengths?[row] ?? keys, horizon(of: keys, queries: queries))
  }

  /// Keys that some query sees where no row is shorter.
  func horizon(of keys: Int, queries: Int) -> Int { min(keys, causalOffset.map { $0 + queries } ?? keys) }
}
