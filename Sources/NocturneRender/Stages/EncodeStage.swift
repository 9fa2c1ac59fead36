package import Foundation
import NocturneManifest

/// Waveform -> a file on disk, read back and inspected (farm.md, promise 4). A file that fails is removed.
package struct EncodeStage: Stage {
  package let name = StageName.encode
  package let reads: Set<ClipPart> = [.waveform]
  package let writes = ClipPart.artifact
  package let batchLimit = 1
  let sampleRate: Int
  let fingerprint: String
  let directory: URL
  let inspector = ArtifactInspector()

  package init(sampleRate: Int, fingerprint: String, directory: URL) {
    self.sampleRate = sampleRate
    self.fingerprint = fingerprint
    self.directory = directory
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
    let file = directory.appendingPathComponent(item.fileName)
    let audio = try PCM24(rounding: clip.waveform, sampleRate: sampleRate)
    let tags = AudioTags(caption: item.caption, seed: item.seed, fingerprint: fingerprint)
    try AudioWriter.write(audio, tags: tags, format: item.spec.format, to: file)
    let expectation = ArtifactExpectation(
      format: item.spec.format, sampleRate: sampleRate, frames: clip.length.samples, samples: audio.samples)
    do {
      var clip = clip
      clip.artifact = Clip.Artifact(file: file, facts: try inspector.inspect(file, expecting: expectation))
      return clip
    } catch {
      try? FileManager.default.removeItem(at: file)
      throw error
    }
  }
}
