import NocturneManifest
import NocturneModels
import NocturneTensor

/// Semantic tokens -> latents (model.md sections 4 and 6.1).
package struct DiffusionStage: Stage {
  package let name = StageName.dpd
  package let reads: Set<ClipPart> = [.semanticTokens]
  package let writes = ClipPart.latents
  package let batchLimit: Int
  let model: any MusicModel

  package init(model: any MusicModel, batchLimit: Int) {
    self.model = model
    self.batchLimit = batchLimit
  }

  package func run(_ clips: [Clip], meter: ProgressRelay) throws -> [Result<Clip, RenderError>] {
    let frames = clips[0].length.latentFrames
    let latents = try model.latents(
      semantic: clips.map(\.semanticTokens), frames: frames, request: DiffusionRequest(clips[0].item.spec),
      seeds: clips.map(\.item.seed), progress: meter.counting())
    precondition(
      latents.count == clips.count && latents.allSatisfy { $0.shape == [frames, model.configuration.latentDim] },
      "latents: \(latents.map(\.shape)) for \(clips.count) clips of \(frames) frames")
    return zip(clips, latents).map { clip, latents in
      if let index = latents.buffer.firstIndex(where: { !$0.isFinite }) {
        let frame = index / model.configuration.latentDim
        return .failure(RenderError(.notFinite, "latent frame \(frame) is not finite", stage: .dpd))
      }
      var clip = clip
      clip.latents = latents
      return .success(clip)
    }
  }
}

extension DiffusionRequest {
  init(_ spec: RenderSpec) {
    let schedule: AngleSchedule =
      switch spec.schedule {
      case .linear: .linear
      case .uniform: .uniform
      }
    self.init(steps: spec.steps, guidance: spec.guidance, schedule: schedule)
  }
}
