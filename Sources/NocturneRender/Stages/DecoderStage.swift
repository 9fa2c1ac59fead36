import NocturneTensor

/// Latents -> waveform (model.md 5.3), clip by clip: one clip fills the cores, and the first files are finished early. As
/// many clips in a call as files are written at a time.
package struct DecoderStage: Stage {
  package let name = StageName.vae
  package let reads: Set<ClipPart> = [.latents]
  package let writes = ClipPart.waveform
  package var batchLimit: Int { model.threads }
  let model: any MusicModel

  package init(model: any MusicModel) { self.model = model }

  package func run(_ clips: [Clip], meter: ProgressRelay) throws -> [Result<Clip, RenderError>] {
    try clips.map { try decode($0, meter) }
  }

  private func decode(_ clip: Clip, _ meter: ProgressRelay) throws -> Result<Clip, RenderError> {
    let waveform = try model.waveform(clip.latents, progress: meter.counting())
    precondition(
      waveform.count >= clip.length.samples, "waveform: \(waveform.count) samples of \(clip.latents.shape) latents")
    if let index = waveform.firstIndex(where: { !$0.isFinite }) {
      return .failure(RenderError(.notFinite, "sample \(index) is not finite", stage: .vae))
    }
    var clip = clip
    // The frames cover the samples; the last one may reach beyond.
    clip.waveform = Array(waveform.prefix(clip.length.samples))
    return .success(clip)
  }
}
