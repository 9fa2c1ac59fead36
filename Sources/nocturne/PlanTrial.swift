import Dispatch
import NocturneFarm
import NocturneManifest
import NocturneModels
import NocturneRender

/// What a run's workers make of their first shards, tried in this process: as many renderers side by side as the run has
/// workers, each with as many clips at once as a shard will have.
struct PlanTrial {
  let workers: Int
  /// Clips that each worker rendered at once.
  let clips: Int
  /// Until all workers, loading one after another, can render.
  let loadSeconds: Double
  /// Wall time over arithmetic, of all workers together.
  let secondsPerMAC: Double

  /// Takes a clip to find the pace, and about as long as a shard lasts.
  ///
  /// - Throws: `CheckpointError` when the checkpoint cannot be used.
  init(_ run: ResolvedRun, spec: RenderSpec, items: Int) throws {
    let workers = max(1, min(run.workers, items))
    self.workers = workers
    var renderers: [EngineRenderer] = []
    loadSeconds = try Measurement.seconds {
      renderers = try (0..<workers).map { _ in
        try EngineRenderer(location: run.location, threads: run.threads, precision: run.precision)
      }
    }
    let first = Self.wall(renderers, clips: 1, spec: spec)
    clips = max(1, min(run.policy.sharding.size(secondsEach: first), items / workers))
    let wall = clips > 1 ? Self.wall(renderers, clips: clips, spec: spec) : first
    let work = ModelWork(run.configuration, seconds: spec.seconds).total(steps: spec.steps, guidance: spec.guidance)
    secondsPerMAC = wall / (Double(clips * workers) * Double(work))
  }

  /// Seconds until every renderer has rendered its clips.
  private static func wall(_ renderers: [EngineRenderer], clips: Int, spec: RenderSpec) -> Double {
    Measurement.seconds {
      DispatchQueue.concurrentPerform(iterations: renderers.count) { number in
        let items = BenchRenderCommand.items(count: clips, spec: spec, from: number * clips)
        renderers[number].engine.render(items, progress: { _ in true }, finished: { _, _ in })
      }
    }
  }
}
