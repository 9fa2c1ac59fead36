package import NocturneManifest
package import NocturneTensor

/// What a clip gathers on its way; each stage declares which of these it reads and which one it writes.
package enum ClipPart: Hashable, Sendable, CaseIterable {
  case caption, prefix, semanticTokens, latents, waveform, artifact
}

/// One item on its way from caption to file. Reading a part that no stage has written yet is a bug and traps.
package struct Clip: Sendable {
  package let item: Item
  package let length: ClipLength
  /// For the metadata: what a reader of it should know, such as a truncated caption.
  package var notes: [String] = []
  package var times = StageTimes()

  private var writtenPrefix: [Int]?
  private var writtenSemanticTokens: [Int]?
  private var writtenLatents: Tensor?
  private var writtenWaveform: [Float]?
  private var writtenArtifact: Artifact?

  package struct Artifact: Sendable {
    /// Of the file.
    package var contents: [UInt8]
    package var facts: AudioFacts

    package init(contents: [UInt8], facts: AudioFacts) {
      self.contents = contents
      self.facts = facts
    }
  }

  package init(item: Item, length: ClipLength) {
    self.item = item
    self.length = length
  }

  /// One code per quantizer.
  package var prefix: [Int] {
    get { written(writtenPrefix, .prefix) }
    set { writtenPrefix = newValue }
  }

  package var semanticTokens: [Int] {
    get { written(writtenSemanticTokens, .semanticTokens) }
    set { writtenSemanticTokens = newValue }
  }

  /// [latent frames, latentDim]
  package var latents: Tensor {
    get { written(writtenLatents, .latents) }
    set { writtenLatents = newValue }
  }

  /// Exactly `length.samples`, full scale 1.
  package var waveform: [Float] {
    get { written(writtenWaveform, .waveform) }
    set { writtenWaveform = newValue }
  }

  package var artifact: Artifact {
    get { written(writtenArtifact, .artifact) }
    set { writtenArtifact = newValue }
  }

  private func written<Part>(_ part: Part?, _ name: ClipPart) -> Part {
    guard let part else { preconditionFailure("Clip \(item.key): \(name) is read before it is written") }
    return part
  }
}
