/// A dense, row-major array of 32-bit floats with the backend that computes on it.
///
/// Values are f32 at every operation's border on every backend; a backend may round inside its products (bf16), which
/// is its numeric class. The backend travels with the tensor at run time, so models are plain structs.
package struct Tensor: Sendable {
  package let shape: Shape
  package let backend: any Backend
  package let storage: Storage
  /// First element within `storage`.
  package let offset: Int

  package init(shape: Shape, backend: any Backend, storage: Storage, offset: Int = 0) {
    precondition(
      offset >= 0 && offset + shape.count <= storage.count,
      "Tensor: shape \(shape) at offset \(offset) exceeds storage of \(storage.count)")
    self.shape = shape
    self.backend = backend
    self.storage = storage
    self.offset = offset
  }

  /// Copies `values` (row-major) into a new tensor.
  package init(_ values: [Float], shape: Shape, on backend: any Backend) {
    precondition(values.count == shape.count, "Tensor: \(values.count) values for shape \(shape)")
    let storage = backend.allocate(count: shape.count)
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { storage.base.update(from: base, count: source.count) }
    }
    self.init(shape: shape, backend: backend, storage: storage)
  }

  package static func full(_ value: Float, shape: Shape, on backend: any Backend) -> Tensor {
    let storage = backend.allocate(count: shape.count)
    storage.base.update(repeating: value, count: shape.count)
    return Tensor(shape: shape, backend: backend, storage: storage)
  }

  /// A copy of the elements, row-major.
  package var values: [Float] { Array(buffer) }

  /// The elements, row-major; valid while the tensor is.
  package var buffer: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: storage.base + offset, count: shape.count)
  }

  /// First element; for kernels.
  package var pointer: UnsafeMutablePointer<Float> { storage.base + offset }

  /// The same elements under another shape of equal count; no copy.
  package func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.count == self.shape.count, "reshaped: \(self.shape) to \(shape)")
    return Tensor(shape: shape, backend: backend, storage: storage, offset: offset)
  }

  /// Rows `range` of the outermost axis; no copy.
  package func rows(_ range: Range<Int>) -> Tensor {
    precondition(
      shape.rank > 0 && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows: \(range) of \(shape)")
    let rowCount = shape.extents.dropFirst().reduce(1, *)
    return Tensor(
      shape: Shape([range.count] + shape.extents.dropFirst()), backend: backend, storage: storage,
      offset: offset + range.lowerBound * rowCount)
  }
}
