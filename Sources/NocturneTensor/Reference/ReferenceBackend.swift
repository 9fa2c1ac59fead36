/// The definition of every operation: plain loops, sums in double precision, one thread.
///
/// The first tier is here; the second tier is the default bodies. Others are measured against it, so it is written to be
/// read; it is quick enough for networks of the `tiny` configuration.
package final class ReferenceBackend: Backend {
  package let numericClass = "reference/f32"
  package let threads = 1

  package init() {}

  package func allocate(count: Int) -> Storage { Storage(count: count) }

  /// A new tensor whose every element `fill` writes.
  func make(_ shape: Shape, _ fill: (UnsafeMutablePointer<Float>) -> Void) -> Tensor {
    let result = Tensor(shape: shape, backend: self, storage: allocate(count: shape.count))
    withExtendedLifetime(result) { fill(result.pointer) }
    return result
  }
}
