import Foundation
import NocturneTensor

extension TensorSpec {
  /// Values of this tensor in a random checkpoint: a function of (seed, module, key, element) only (ARCHITECTURE.md,
  /// "Random numbers", stage 3), made on all cores.
  package func values(module: String, seed: UInt64) -> [Float] {
    switch filling {
    case .constant(let value):
      return Array(repeating: value, count: shape.count)
    case .halves(let first, let second):
      let half = shape.count / 2
      return Array(repeating: first, count: half) + Array(repeating: second, count: shape.count - half)
    case .spread(let deviation):
      return uniforms(module: module, seed: seed, deviation: deviation)
    case .recurrent(let deviation):
      var values = uniforms(module: module, seed: seed, deviation: deviation)
      let (width, gate) = (shape[1], Float(0.5).squareRoot())
      for row in 0..<shape[0] where row % 3 != 0 {
        for index in row * width..<(row + 1) * width { values[index] *= gate }
      }
      return values
    }
  }

  /// Uniform with mean 0.
  private func uniforms(module: String, seed: UInt64, deviation: Float) -> [Float] {
    var digest = FileDigest()
    digest.update(.init("\(module)/\(key)".utf8))
    let stream = RandomStream(seed: seed, stage: .weightInitialisation, lane: digest.word)
    let (count, piece) = (shape.count, 1 << 18)
    let bound = deviation * Float(3).squareRoot()
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialised in
      nonisolated(unsafe) let target = buffer  // guard: every iteration writes a range of its own
      DispatchQueue.concurrentPerform(iterations: (count + piece - 1) / piece) { index in
        let start = index * piece
        let uniforms = stream.uniforms(count: min(piece, count - start), from: UInt64(start))
        for (offset, value) in uniforms.enumerated() { target[start + offset] = bound * (2 * value - 1) }
      }
      initialised = count
    }
  }
}
