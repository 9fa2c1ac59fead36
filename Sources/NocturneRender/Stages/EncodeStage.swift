import NocturneManifest

/// Waveform -> the bytes of a file, decoded again and inspected (farm.md, promise 4).
package struct EncodeStage: Stage {
  package let name = StageName.encode
  package let reads: Set<ClipPart> = [.waveform]
  package let writes = ClipPart.artifact
  package let batchLimit = 1
  let sampleRate: Int
  let fingerprint: String
  let inspector = ArtifactInspector()

  package init(sampleRate: Int, fingerprint: String) {
    self.sampleRate = sampleRate
    self.fingerprint = fingerprint
  }

  package func run(_ clips: [Clip], meter: ProgressMeter) throws -> [Result<Clip, RenderError>] {
    try clips.map {
      let clip = try encode($0)
      try meter.add(1)
      return .success(clip)
    }
  }

  private func encode(_ clip: Clip) throws -> Clip {
    let item = clip.item
    let audio = try PCM24(rounding: clip.waveform, sampleRate: sampleRate)
    let tags = AudioTags(caption: item.caption, seed: item.seed, fingerprint: fingerprint)
    let contents = try AudioEncoder.encode(audio, tags: tags, format: item.spec.format)
    let expectation = ArtifactExpectation(
      format: item.spec.format, sampleRate: sampleRate, frames: clip.length.samples, samples: audio.samples)
    var clip = clip
    clip.artifact = Clip.Artifact(
      contents: contents, facts: try inspector.inspect(contents, name: item.fileName, expecting: expectation))
    return clip
  }
}
