import Foundation
package import NocturneTensor

/// Deterministic DDIM in angle form: z <- cos(w) z - sin(w) v with v = v_u + s (v_c - v_u) (model.md 4.1, 6.1).
package struct AngleSampler: Sendable {
  package let request: DiffusionRequest
  /// Frames whose angle is 0 and that keep their bits (model.md 6.2, correction 1); nil: none.
  package let frozen: [Bool]?

  package init(_ request: DiffusionRequest, frozen: [Bool]? = nil) {
    self.request = request
    self.frozen = frozen
  }

  /// Whether an unconditional evaluation is needed.
  package var guided: Bool { request.guidance != 1 }

  /// Turns z [B, L, Z] from angle pi/2 to 0; not yet clipped.
  ///
  /// - Parameters:
  ///   - velocity: the network at the current angle, before the step (6.1).
  ///   - progress: given the steps done; a throw ends the run.
  package func run(
    _ z: Tensor, progress: (Int) throws -> Void = { _ in },
    velocity: (_ z: Tensor, _ angles: FrameAngles, _ guided: Bool) throws -> Velocity
  ) throws -> Tensor {
    precondition(
      z.shape.rank == 3 && (frozen?.count ?? z.shape[1]) == z.shape[1],
      "AngleSampler: latents \(z.shape), \(frozen?.count ?? 0) frozen marks")
    var z = z
    for (done, step) in request.schedule.steps(request.steps).enumerated() {
      let angles = frozen.map { FrameAngles(step.angle, frozen: $0) } ?? FrameAngles(step.angle, frames: z.shape[1])
      z = advance(z, try velocity(z, angles, guided), turn: step.turn)
      try progress(done + 1)
    }
    return z
  }

  /// One step; frozen frames are copied, not computed.
  private func advance(_ z: Tensor, _ velocity: Velocity, turn: Double) -> Tensor {
    let (frames, channels) = (z.shape[1], z.shape[2])
    let (cosine, sine, scale) = (Float(cos(turn)), Float(sin(turn)), Float(request.guidance))
    var next = z.values
    let conditional = velocity.conditional.buffer
    let unconditional = velocity.unconditional?.buffer
    for index in next.indices {
      if let frozen, frozen[(index / channels) % frames] { continue }
      var v = conditional[index]
      if let unconditional { v = unconditional[index] + scale * (v - unconditional[index]) }
      next[index] = cosine * next[index] - sine * v
    }
    return Tensor(next, shape: z.shape, on: z.backend)
  }
}
