import NocturneTensor

extension OperationCase {
  static let attentions: [OperationCase] = selfAttention + caches + steps + remembered + shared + masks + rotations

  /// Key rows (= query rows), frames, heads, head width.
  private static let selfAttention: [OperationCase] = [
    (1, 1, 1, 2), (2, 17, 3, 32), (1, 63, 4, 16), (3, 64, 2, 20), (1, 65, 1, 64), (2, 80, 2, 64), (1, 250, 2, 32),
  ].flatMap { rows, frames, heads, width in
    let shape: Shape = [rows, frames, heads * width]
    let name = "attention \(shape) of \(heads) heads"
    return [
      OperationCase(name, .product) { x in
        let (q, k, v) = (x.normal(shape), x.normal(shape), x.normal(shape))
        return [q.attention(keys: k, values: v, options: AttentionOptions(heads: heads))]
      },
      OperationCase("\(name) rotated", .product) { x in
        let positions = (0..<frames).map(Float.init)
        let options = AttentionOptions(heads: heads, queryPositions: positions, keyPositions: positions)
        return [x.normal(shape).attention(keys: x.normal(shape), values: x.normal(shape), options: options)]
      },
      OperationCase("\(name) causal, rotated", .product) { x in
        let positions = (0..<frames).map(Float.init)
        let options = AttentionOptions(
          heads: heads, causalOffset: 0, queryPositions: positions, keyPositions: positions)
        return [x.normal(shape).attention(keys: x.normal(shape), values: x.normal(shape), options: options)]
      },
    ]
  }

  /// A few queries over a key/value cache whose rows behind the last query were never written.
  private static let caches: [OperationCase] = [(1, 0), (1, 11), (1, 39), (3, 0), (3, 11), (17, 23)].flatMap {
    frames, offset in
    [1, 16].map { rows in
      OperationCase("attention of \(frames) queries at \(offset) over a cache of \(rows) rows", .product) { x in
        let (length, dim) = (offset + frames, 64)
        let options = AttentionOptions(
          heads: 4, causalOffset: offset, queryPositions: (offset..<length).map(Float.init),
          keyPositions: (0..<40).map(Float.init))
        func cache() -> Tensor {
          let whole = Tensor.full(.nan, shape: [rows, 40, dim], on: x.backend)
          x.backend.copy(x.normal([rows, length, dim]), into: whole, at: 0)
          return whole
        }
        return [x.normal([rows, frames, dim]).attention(keys: cache(), values: cache(), options: options)]
      }
    }
  }

  /// One query of every head over keys that were rotated on their way into the cache: read as they lie, head by head
  /// or all together, by the rows and threads at hand; widths that fill no vector, and rows wider than a block.
  private static let steps: [OperationCase] = [(3, 20), (4, 64), (2, 7), (5, 1000)].flatMap { heads, headDim in
    [(1, 0), (1, 39), (2, 16), (16, 29)].map { rows, offset in
      OperationCase("one query of \(heads) heads of \(headDim) at \(offset) of \(rows) rows", .product) { x in
        let dim = heads * headDim
        let positions = headDim % 2 == 0 ? [Float(offset)] : nil
        let options = AttentionOptions(heads: heads, causalOffset: offset, queryPositions: positions)
        func cache() -> Tensor {
          let whole = Tensor.full(.nan, shape: [rows, 40, dim], on: x.backend)
          x.backend.copy(x.normal([rows, offset + 1, dim]), into: whole, at: 0)
          return whole
        }
        return [x.normal([rows, 1, dim]).attention(keys: cache(), values: cache(), options: options)]
      }
    }
  }

  /// What a cache remembers, written in two goes over rows that hold garbage: one query, which reads it as it lies, and
  /// several.
  private static let remembered: [OperationCase] = [(1, 3, 20), (2, 2, 7), (16, 4, 64), (3, 5, 1000)].flatMap {
    rows, heads, headDim in
    [(1, 0), (1, 39), (3, 11)].map { frames, offset in
      let name = "attention of \(frames) queries at \(offset) over what is remembered of \(rows) rows"
      return OperationCase("\(name) of \(heads) heads of \(headDim)", .remembered) { x in
        let dim = heads * headDim
        let cache = x.backend.makeKeyValueCache([rows, 40, dim])
        let garbage = Tensor.full(.nan, shape: [rows, 40, dim], on: x.backend)
        cache.remember(keys: garbage, values: garbage, at: 0)
        for (first, count) in [(0, offset), (offset, frames)] where count > 0 {
          let (keys, values) = (x.normal([rows, count, dim]), x.normal([rows, count, dim]))
          cache.remember(keys: keys, values: values, at: first)
        }
        let positions = headDim % 2 == 0 ? (offset..<offset + frames).map(Float.init) : nil
        let options = AttentionOptions(heads: heads, causalOffset: offset, queryPositions: positions)
        return [cache.attention(queries: x.normal([rows, frames, dim]), options: options)]
      }
    }
  }

  /// Cross-attention: several query rows read one key row, positions on a common, fractional time axis.
  private static let shared: [OperationCase] = [(16, 1, 21, 10), (6, 2, 17, 63), (4, 4, 3, 65), (8, 1, 80, 250)].map {
    rows, keyRows, frames, keys in
    OperationCase("attention of \(rows) rows over \(keyRows) shared rows of \(keys) keys", .product) { x in
      let options = AttentionOptions(
        heads: 3, queryPositions: (0..<frames).map { Float($0) * 3.125 }, keyPositions: (0..<keys).map(Float.init))
      let (k, v) = (x.normal([keyRows, keys, 96]), x.normal([keyRows, keys, 96]))
      return [x.normal([rows, frames, 96]).attention(keys: k, values: v, options: options)]
    }
  }

  private static let masks: [OperationCase] = [
    OperationCase("attention with padding masks", .product) { x in
      let options = AttentionOptions(heads: 4, keyLengths: [1, 17, 16, 5])
      let (k, v) = (x.normal([4, 17, 48]), x.normal([4, 17, 48]))
      return [x.normal([4, 17, 48]).attention(keys: k, values: v, options: options)]
    },
    OperationCase("attention with padding masks over shared rows that end in garbage", .product) { x in
      let options = AttentionOptions(heads: 2, keyLengths: [3, 9])
      func keys() -> Tensor {
        let whole = Tensor.full(.nan, shape: [2, 9, 32], on: x.backend)
        x.backend.copy(x.normal([2, 3, 32]), into: whole, at: 0)
        let second = Tensor(shape: [1, 9, 32], backend: x.backend, storage: whole.storage, offset: 9 * 32)
        x.backend.copy(x.normal([1, 9, 32]), into: second, at: 0)
        return whole
      }
      return [x.normal([6, 5, 32]).attention(keys: keys(), values: keys(), options: options)]
    },
    OperationCase("attention with mask, causality and positions", .product) { x in
      let options = AttentionOptions(
        heads: 2, causalOffset: 4, keyLengths: [5, 17], rotaryBase: 500,
        queryPositions: (0..<13).map { Float($0) - 6.5 },
        keyPositions: (0..<17).map { Float($0) * 0.5 })
      return [
        x.normal([2, 13, 40]).attention(keys: x.normal([2, 17, 40]), values: x.normal([2, 17, 40]), options: options)
      ]
    },
    OperationCase("attention with only the queries rotated", .product) { x in
      let options = AttentionOptions(heads: 2, queryPositions: (0..<7).map(Float.init))
      return [
        x.normal([1, 7, 32]).attention(keys: x.normal([1, 9, 32]), values: x.normal([1, 9, 32]), options: options)
      ]
    },
    OperationCase("attention with scores far apart", .product) { x in
      let (q, k) = (x.normal([1, 17, 32], scale: 12), x.normal([1, 33, 32], scale: 12))
      return [
        q.rounded().attention(keys: k.rounded(), values: x.normal([1, 33, 32]), options: AttentionOptions(heads: 2))
      ]
    },
  ]

  private static let rotations: [OperationCase] = [(1, 1, 1, 2), (2, 17, 3, 32), (1, 65, 2, 6), (3, 80, 12, 64)].flatMap
  {
    rows, frames, heads, width in
    [(Float(10_000), Float(1)), (500, 3.125), (10_000, -0.37)].map { base, step in
      let shape: Shape = [rows, frames, heads * width]
      return OperationCase("rotate \(shape) as \(heads) heads by \(step), base \(base)", .elementwise) { x in
        [x.normal(shape).rotated(heads: heads, positions: (0..<frames).map { Float($0) * step }, base: base)]
      }
    }
  }
}

extension Tensor {
  /// To whole numbers, which bf16 holds: large scores then agree on every backend.
  fileprivate func rounded() -> Tensor { Tensor(values.map { $0.rounded() }, shape: shape, on: backend) }
}
