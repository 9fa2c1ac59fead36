import Foundation
import NocturneManifest
import NocturneRender

/// What one render call came to.
struct RenderScene {
  var outcomes: [ItemKey: Result<RenderedClip, RenderError>] = [:]
  var order: [ItemKey] = []
  var progress: UInt64 = 0

  /// - Parameter stopAfter: progress at which the watcher asks to stop.
  init(
    _ model: any MusicModel, _ items: [Item], limits: BatchLimits? = nil, stopAfter: UInt64 = .max
  ) {
    var outcomes: [ItemKey: Result<RenderedClip, RenderError>] = [:]
    var order: [ItemKey] = []
    var total: UInt64 = 0
    RenderEngine(model: model, limits: limits).render(items) { amount in
      total += amount
      guard total >= stopAfter else { return true }
      (model as? ScriptedModel)?.noteStopped()
      return false
    } finished: { key, outcome in
      precondition(outcomes[key] == nil, "\(key) was decided twice")
      outcomes[key] = outcome
      order.append(key)
      (model as? ScriptedModel)?.noteFinished(key)
    }
    self.outcomes = outcomes
    self.order = order
    progress = total
  }

  func clip(_ item: Item) throws -> RenderedClip {
    guard let outcome = outcomes[item.key] else { throw Missing(key: item.key) }
    return try outcome.get()
  }

  func error(_ item: Item) -> RenderError? {
    if case .failure(let error) = outcomes[item.key] { error } else { nil }
  }

  /// SHA-256 of each finished file.
  var digests: [ItemKey: String] { outcomes.compactMapValues { try? $0.get().facts.sha256 } }

  struct Missing: Error { let key: ItemKey }
}

extension Item {
  /// An item called `row` for tests.
  static func sample(
    _ row: String, caption: String = "a slow waltz for strings", seconds: Double = 0.5, steps: Int = 2,
    guidance: Double = 2.5, schedule: AngleScheduleKind = .linear,
    format: AudioFormat = .flac, seed: UInt64 = 1
  ) -> Item {
    let spec = RenderSpec(steps: steps, guidance: guidance, seconds: seconds, schedule: schedule, format: format)
    return Item(
      key: ItemKey(row: row, take: 1), caption: caption, spec: spec, seed: seed,
      fileName: "\(row).\(format.rawValue)")
  }
}
