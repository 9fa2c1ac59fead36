import NocturneManifest
import NocturneModels
import Synchronization

/// Waveform -> the bytes of a file, decoded again and inspected (farm.md, promise 4). A file keeps one core busy, so each
/// thread of the model takes one.
package struct EncodeStage: Stage {
  package let name = StageName.encode
  package let reads: Set<ClipPart> = [.waveform]
  package let writes = ClipPart.artifact
  package var batchLimit: Int { model.threads }
  let model: any MusicModel
  let inspector = ArtifactInspector()

  package init(model: any MusicModel) { self.model = model }

  package func run(_ clips: [Clip], meter: ProgressRelay) throws -> [Result<Clip, RenderError>] {
    let outcomes = Mutex([Result<Clip, RenderError>?](repeating: nil, count: clips.count))
    model.forEach(clips.count) { place in
      let outcome = Result { try encode(clips[place]) }.mapError { RenderError($0, stage: name) }
      outcomes.withLock { $0[place] = outcome }
    }
    try meter.add(clips.count)
    return outcomes.withLock { $0.compactMap(\.self) }
  }

  private func encode(_ clip: Clip) throws -> Clip {
    let item = clip.item
    let sampleRate = model.configuration.sampleRate
    let audio = try PCM24(rounding: clip.waveform, sampleRate: sampleRate)
    let tags = AudioTags(caption: item.caption, seed: item.seed, fingerprint: model.fingerprint)
    let contents = try AudioEncoder.encode(audio, tags: tags, format: item.spec.format)
    let expectation = ArtifactExpectation(
      format: item.spec.format, sampleRate: sampleRate, frames: clip.length.samples, tags: tags, samples: audio.samples)
    var clip = clip
    clip.artifact = Clip.Artifact(
      contents: contents, facts: try inspector.inspect(contents, name: item.fileName, expecting: expectation))
    return clip
  }
}
