import NocturneManifest

/// One call of `RenderEngine.render` on its way through the stages.
struct RenderRun {
  let stages: [any Stage]
  let meter: ProgressRelay
  let finished: (ItemKey, Result<RenderedClip, RenderError>) -> Void

  init(
    stages: [any Stage], meter: ProgressRelay,
    finished: @escaping (ItemKey, Result<RenderedClip, RenderError>) -> Void
  ) {
    var written: Set<ClipPart> = [.caption]
    for stage in stages {
      precondition(
        stage.reads.isSubset(of: written), "stage \(stage.name.rawValue) reads \(stage.reads), written: \(written)")
      written.insert(stage.writes)
    }
    self.stages = stages
    self.meter = meter
    self.finished = finished
  }

  /// Depth first: a call's clips go on to the last stage before the next call of the same stage, so that files are finished
  /// early and little is held.
  func advance(_ clips: [Clip], through stages: ArraySlice<any Stage>) {
    guard let stage = stages.first else {
      for clip in clips { finished(clip.item.key, .success(RenderedClip(clip))) }
      return
    }
    for start in stride(from: 0, to: clips.count, by: stage.batchLimit) {
      let calls = Array(clips[start..<min(start + stage.batchLimit, clips.count)])
      var survivors: [Clip] = []
      for (clip, outcome) in zip(calls, timed(stage, calls)) {
        switch outcome {
        case .success(let next): survivors.append(next)
        case .failure(let error): finished(clip.item.key, .failure(error))
        }
      }
      if !survivors.isEmpty { advance(survivors, through: stages.dropFirst()) }
      if meter.isStopped { return }
    }
  }

  /// Empty when the run was stopped.
  private func timed(_ stage: any Stage, _ clips: [Clip]) -> [Result<Clip, RenderError>] {
    let start = ContinuousClock.now
    let outcomes = isolated(stage, clips)
    let seconds = (ContinuousClock.now - start) / .seconds(1) / Double(clips.count)
    return outcomes.map {
      $0.map { clip in
        var clip = clip
        clip.times[stage.name] += seconds
        return clip
      }
    }
  }

  /// Runs the stage on all clips, or on each alone when that throws.
  private func isolated(_ stage: any Stage, _ clips: [Clip]) -> [Result<Clip, RenderError>] {
    do {
      return try stage.run(clips, meter: meter)
    } catch {
      guard !meter.isStopped else { return [] }
      guard clips.count > 1 else { return [.failure(RenderError(error, stage: stage.name))] }
      return clips.flatMap { isolated(stage, [$0]) }
    }
  }
}
