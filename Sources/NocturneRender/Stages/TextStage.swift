import NocturneManifest
import NocturneModels

/// Caption -> prefix tokens (model.md section 1): the text tower and the residual quantizer.
package struct TextStage: Stage {
  package let name = StageName.text
  package let reads: Set<ClipPart> = [.caption]
  package let writes = ClipPart.prefix
  package let batchLimit = 64
  let model: any MusicModel

  package init(model: any MusicModel) { self.model = model }

  package func run(_ clips: [Clip], meter: ProgressRelay) throws -> [Result<Clip, RenderError>] {
    let readable = clips.indices.filter { WordPiece.reads(clips[$0].item.caption) }
    let prefixes = readable.isEmpty ? [] : try model.embed(readable.map { clips[$0].item.caption })
    precondition(prefixes.count == readable.count, "embed: \(prefixes.count) prefixes of \(readable.count) captions")
    try meter.add(clips.count)
    var outcomes: [Result<Clip, RenderError>] = clips.map { _ in
      .failure(
        RenderError(.unreadableCaption, "the caption has no readable character; write one", stage: .text))
    }
    for (index, prefix) in zip(readable, prefixes) { outcomes[index] = .success(apply(prefix, to: clips[index])) }
    return outcomes
  }

  private func apply(_ prefix: CaptionPrefix, to clip: Clip) -> Clip {
    var clip = clip
    clip.prefix = prefix.tokens
    if prefix.truncated {
      clip.notes.append("caption truncated at \(model.configuration.mulan.bert.maxTokens) tokens")
    }
    return clip
  }
}
