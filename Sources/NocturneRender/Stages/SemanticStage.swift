import NocturneManifest
import NocturneModels

/// Prefix -> semantic tokens (model.md section 3), sampled by the language model, the whole shard as one batch: each step
/// streams all weights once, whatever the number of clips.
package struct SemanticStage: Stage {
  package let name = StageName.lm
  package let reads: Set<ClipPart> = [.prefix]
  package let writes = ClipPart.semanticTokens
  package let batchLimit: Int
  let model: any MusicModel
  let sampling: SemanticSampling

  package init(model: any MusicModel, batchLimit: Int) {
    self.model = model
    self.batchLimit = batchLimit
    sampling = SemanticSampling(model.configuration.lm)
  }

  package func run(_ clips: [Clip], meter: ProgressRelay) throws -> [Result<Clip, RenderError>] {
    let count = clips[0].length.semanticTokens
    let tokens = try model.semanticTokens(
      prefixes: clips.map(\.prefix), count: count, seeds: clips.map(\.item.seed), sampling: sampling,
      progress: meter.counting())
    precondition(
      tokens.count == clips.count && tokens.allSatisfy { $0.count == count },
      "semanticTokens: \(tokens.map(\.count)) for \(clips.count) clips of \(count)")
    return zip(clips, tokens).map { clip, tokens in
      var clip = clip
      clip.semanticTokens = tokens
      return .success(clip)
    }
  }
}
