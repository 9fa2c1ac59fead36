import NocturneTensor

extension OperationCase {
  static let products: [OperationCase] = {
    /// Outer extents, M, K, N, whether y has rank 2.
    let shapes: [([Int], Int, Int, Int, Bool)] = [
      ([], 1, 1, 1, true), ([], 3, 17, 5, true), ([], 65, 63, 80, true), ([], 1, 250, 65, true),
      ([3], 17, 64, 63, false),
      ([3], 17, 64, 63, true), ([2, 3], 1, 65, 17, false), ([2, 3], 80, 20, 80, false), ([0], 3, 4, 5, false),
    ]
    return shapes.flatMap { outer, m, k, n, flat in
      [false, true].map { transposed in
        OperationCase(
          "matmul \(outer + [m, k]) to \(n)\(flat ? " flat" : "")\(transposed ? " transposed" : "")", .product
        ) {
          x in
          let matrix = transposed ? [n, k] : [k, n]
          return [
            x.normal(Shape(outer + [m, k])).matmul(
              x.normal(Shape((flat ? [] : outer) + matrix)), transposed: transposed)
          ]
        }
      }
    }
  }()

  static let linears: [OperationCase] = {
    let rows: [Shape] = [[1], [3], [17], [63], [64], [65], [80], [250], [2, 17], [1, 1], [2, 3, 5], [0]]
    let widths = [(1, 1), (3, 5), (16, 80), (80, 65), (96, 96), (65, 1), (250, 333)]
    let plain = rows.flatMap { row in
      widths.map { inputs, outputs in
        OperationCase("linear \(row) by \(inputs) to \(outputs)", .robust) { x in
          [x.normal(Shape(row.extents + [inputs])).linear(x.linear(inputs, outputs))]
        }
      }
    }
    let fused = [Activation.none, .gelu, .silu, .tanh].flatMap { activation in
      [(1, 80, 65), (17, 64, 96), (65, 17, 3)].flatMap { rows, inputs, outputs in
        [(true, true), (true, false), (false, true), (false, false)].map { bias, residual in
          let name = "linear \(activation) [\(rows), \(inputs)] to \(outputs)"
          return OperationCase("\(name)\(bias ? " bias" : "")\(residual ? " residual" : "")", .robust) { x in
            let weights = x.linear(inputs, outputs, bias: bias)
            let added = residual ? x.normal([rows, outputs]) : nil
            return [x.normal([rows, inputs]).linear(weights, activation: activation, residual: added)]
          }
        }
      }
    }
    let vector = OperationCase("linear of a vector", .robust) { x in [x.normal([80]).linear(x.linear(80, 17))] }
    let together = [[1, 80], [17, 80], [250, 96], [0, 5]].flatMap { extents in
      [[65], [96, 96, 96], [3, 333, 32, 1]].map { outputs in
        OperationCase("linears [\(extents[0]), \(extents[1])] to \(outputs)", .robust) { x in
          let layers = outputs.map { x.linear(extents[1], $0) }
          return x.normal(Shape(extents)).linears(layers)
        }
      }
    }
    return plain + fused + [vector] + together
  }()
}
