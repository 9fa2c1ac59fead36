package import NocturneManifest
import NocturneModels

/// Renders items to verified audio files. An item's bytes depend on the model, its spec, seed and caption only; not on the
/// batch, its limits or its neighbours' faults.
package struct RenderEngine: Sendable {
  package let model: any MusicModel
  package let limits: BatchLimits

  package init(model: any MusicModel, limits: BatchLimits? = nil) {
    self.model = model
    self.limits = limits ?? BatchLimits(for: model.configuration)
  }

  package var fingerprint: String { model.fingerprint }

  /// Within which files are bit-equal: the backend's class and the FLAC encoder's version.
  package var numericClass: String { "\(model.numericClass); \(AudioEncoder.identity)" }

  /// Renders each item to a verified file in memory, in the caller's thread; blocks until all are decided.
  ///
  /// - Parameters:
  ///   - progress: called often with the progress since the last call (captions, tokens, steps, chunks, files); when it
  ///     returns false the call stops promptly, and items not yet decided are not reported.
  ///   - finished: called once for every item as soon as it is decided.
  package func render(
    _ items: [Item], progress: (UInt64) -> Bool,
    finished: (ItemKey, Result<RenderedClip, RenderError>) -> Void
  ) {
    withoutActuallyEscaping(progress) { progress in
      withoutActuallyEscaping(finished) { finished in
        let run = RenderRun(
          stages: stages, meter: ProgressRelay(progress), finished: finished)
        for batch in admit(items, finished: finished) where !run.meter.isStopped {
          run.advance(batch, through: run.stages[...])
        }
      }
    }
  }

  package var stages: [any Stage] {
    [
      TextStage(model: model),
      SemanticStage(model: model, batchLimit: limits.semantic),
      DiffusionStage(model: model, batchLimit: limits.diffusion),
      DecoderStage(model: model),
      EncodeStage(model: model),
    ]
  }

  /// Refuses what the model cannot render, and puts together what can ride together, in the order of the first of each.
  private func admit(
    _ items: [Item], finished: (ItemKey, Result<RenderedClip, RenderError>) -> Void
  ) -> [[Clip]] {
    var batches: [[Clip]] = []
    var batchOf: [RenderSpec: Int] = [:]
    for item in items {
      do throws(RenderError) {
        let clip = try admit(item)
        // The container matters to the last stage only.
        var kind = item.spec
        kind.format = .flac
        if let batch = batchOf[kind] {
          batches[batch].append(clip)
        } else {
          batchOf[kind] = batches.count
          batches.append([clip])
        }
      } catch {
        finished(item.key, .failure(error))
      }
    }
    return batches
  }

  private func admit(_ item: Item) throws(RenderError) -> Clip {
    guard RenderLimits.steps.contains(item.spec.steps) else {
      throw RenderError(
        .impossibleRequest, "\(item.spec.steps) diffusion steps; ask for 1 to \(RenderLimits.steps.upperBound)",
        stage: nil)
    }
    guard item.spec.guidance.isFinite else {
      throw RenderError(.impossibleRequest, "guidance \(item.spec.guidance); ask for a number", stage: nil)
    }
    return Clip(item: item, length: try ClipLength(seconds: item.spec.seconds, configuration: model.configuration))
  }
}
