package import NocturneTensor

/// One checkpoint file read against its layout: shapes come from the layout, so that what is loaded is what is counted
/// and written, and a key outside the layout is a bug of the network that asks for it.
package struct ModuleWeights: Sendable {
  private let weights: Weights
  private let shapes: [String: Shape]

  package init(_ file: SafetensorsFile, layout: ModuleLayout, on backend: any Backend) {
    weights = Weights(file: file, on: backend)
    shapes = Dictionary(uniqueKeysWithValues: layout.tensors.map { ($0.key, $0.shape) })
  }

  private init(_ weights: Weights, shapes: [String: Shape]) {
    self.weights = weights
    self.shapes = shapes
  }

  package var backend: any Backend { weights.backend }

  /// The same file below `path`, such as `blocks.0`.
  package func scoped(_ path: String) -> ModuleWeights { ModuleWeights(weights.scoped(path), shapes: shapes) }

  /// Whether the layout has `key` in this scope.
  package func has(_ key: String) -> Bool { shapes[full(key)] != nil }

  /// The tensor of `key` in this scope, f32. Throws `SafetensorsError` if the file lacks it, or holds another shape or a
  /// value that is not finite.
  package func tensor(_ key: String) throws -> Tensor {
    guard let shape = shapes[full(key)] else { preconditionFailure("ModuleWeights: no \(full(key)) in the layout") }
    return try weights.tensor(key, shape: shape)
  }

  /// Throws `SafetensorsError` if the file holds tensors that nobody asked for, besides those `ignoring` names.
  package func finish(ignoring prefixes: [String] = []) throws { try weights.finish(ignoring: prefixes) }

  private func full(_ key: String) -> String { weights.scope.isEmpty ? key : "\(weights.scope).\(key)" }
}
