package import NocturneTensor

extension Denoiser {
  /// Floats that one activation of the widest layer may hold; more clips than that are denoised in turn: a clip of 10 s
  /// fills the machine alone, and a larger batch only falls out of the caches.
  package static let widestActivation = 8 << 20

  /// Latents [frames, Z] in [-1, 1] for each row of semantic tokens (model.md 6.1), or as they are where one is not
  /// finite; noise is a function of the seed, frame and channel only, so neither grouping nor order changes a bit.
  ///
  /// - Parameters:
  ///   - widest: floats that one activation may hold.
  ///   - progress: given steps done times clips in this call; a throw ends the call.
  package func latents(
    semantic: [[Int]], frames: Int, channels: Int, request: DiffusionRequest, seeds: [UInt64], backend: any Backend,
    widest: Int = Self.widestActivation, progress: (Int) throws -> Void
  ) throws -> [Tensor] {
    precondition(semantic.count == seeds.count, "Denoiser: \(semantic.count) rows, \(seeds.count) seeds")
    precondition(frames > 0, "Denoiser: \(frames) frames")
    let sampler = AngleSampler(request)
    let group = clipsTogether(frames: frames, guided: sampler.guided, widest: widest)
    var results: [Tensor] = []
    for start in stride(from: 0, to: semantic.count, by: group) {
      let range = start..<min(start + group, semantic.count)
      let condition = condition(on: Array(semantic[range]))
      let noise = seeds[range].flatMap {
        RandomStream(seed: $0, stage: .diffusionNoise).normals(count: frames * channels)
      }
      let z = try sampler.run(
        Tensor(noise, shape: [range.count, frames, channels], on: backend),
        progress: { try progress(start * request.steps + $0 * range.count) },
        velocity: { velocity($0, angles: $1, condition: condition, guided: $2) })
      results += (0..<range.count).map {
        let own = z.rows($0..<$0 + 1).reshaped([frames, channels])
        // Clipped, an infinity would pass for a latent.
        return own.buffer.allSatisfy(\.isFinite) ? own.clamped(low: -1, high: 1) : own
      }
    }
    return results
  }

  /// Clips that ride in one batch.
  private func clipsTogether(frames: Int, guided: Bool, widest: Int) -> Int {
    let rows = Self.segments(frames: frames, segment: dpd.segment) * dpd.segment * (guided ? 2 : 1)
    return max(1, widest / (rows * max(dpd.roformer.ffn, 6 * dpd.sru.units)))
  }
}
