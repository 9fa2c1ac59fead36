import NocturneTensor

extension OperationCase {
  private static let shapes: [Shape] = [
    [1], [1, 1], [3, 17], [17, 64], [63, 65], [2, 80, 96], [250, 3], [5, 768], [2, 3, 4, 48], [0, 16],
  ]

  static let normalisations: [OperationCase] = shapes.flatMap { shape in
    let dim = shape[-1]
    return [
      OperationCase("softmax \(shape)", .elementwise) { x in [x.normal(shape, scale: 4).softmax()] },
      OperationCase("softmax \(shape) far from zero", .elementwise) { x in [(x.normal(shape) + 1000).softmax()] },
      OperationCase("rmsNorm \(shape)", .elementwise) { x in
        [x.normal(shape).rmsNorm(weight: x.normal([dim]), epsilon: 1e-6)]
      },
      OperationCase("rmsNorm \(shape) of a sum", .elementwise) { x in
        [x.normal(shape).rmsNorm(adding: x.normal(shape), weight: x.normal([dim]), epsilon: 1e-6)]
      },
      OperationCase("rmsNorm \(shape) of almost nothing", .elementwise) { x in
        [x.normal(shape, scale: 1e-4).rmsNorm(weight: x.normal([dim]), epsilon: 1e-6)]
      },
      OperationCase("layerNorm \(shape)", .elementwise) { x in
        // A width of 1 has no deviation: only the bias is left.
        [
          (x.normal(shape) + 3).layerNorm(
            weight: x.normal([dim]), bias: x.normal([dim]), epsilon: 1e-12 + (dim == 1 ? 1 : 0))
        ]
      },
      OperationCase("layerNorm \(shape) of a sum", .elementwise) { x in
        [
          x.normal(shape).layerNorm(
            adding: x.normal(shape), weight: x.normal([dim]), bias: x.normal([dim]), epsilon: 1e-5)
        ]
      },
      OperationCase("gatedSilu \(shape)", .elementwise) { x in
        [x.backend.gatedSilu(gate: x.normal(shape, scale: 3), up: x.normal(shape))]
      },
    ]
  }
}
