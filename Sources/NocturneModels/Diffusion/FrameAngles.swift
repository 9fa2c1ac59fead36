/// The angle of every latent frame: few distinct values, so what depends on the angle is computed once for each
/// (model.md 4.3). The same for all clips of a batch.
package struct FrameAngles: Hashable, Sendable {
  /// The distinct angles.
  package let values: [Double]
  /// For each frame, which of them.
  package let indices: [Int]

  package init(values: [Double], indices: [Int]) {
    precondition(indices.allSatisfy { values.indices.contains($0) }, "FrameAngles: an index outside \(values)")
    self.values = values
    self.indices = indices
  }

  /// One angle for all frames.
  package init(_ angle: Double, frames: Int) {
    values = [angle]
    indices = Array(repeating: 0, count: frames)
  }

  /// Angle 0 where `frozen`, `angle` elsewhere (model.md 6.2).
  package init(_ angle: Double, frozen: [Bool]) {
    values = [angle, 0]
    indices = frozen.map { $0 ? 1 : 0 }
  }

  package var frames: Int { indices.count }
}
