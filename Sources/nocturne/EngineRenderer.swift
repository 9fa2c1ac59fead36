import Foundation
import NocturneCPU
import NocturneFarm
import NocturneManifest
import NocturneModels
import NocturneRender
import NocturneTensor

/// The sound half behind the farm's `Renderer` port: the one place where the two halves meet.
struct EngineRenderer: Renderer {
  let engine: RenderEngine

  /// Loads the checkpoint onto the CPU backend.
  /// - Throws: `CheckpointError` when the checkpoint cannot be used.
  init(location: ModelLocation, threads: Int, precision: NumericPrecision) throws {
    let backend = CPUBackend(threads: threads, precision: precision.product)
    let model = try MeLoDy(
      directory: location.checkpoint, backend: backend, textEncoderDirectory: location.textEncoder)
    engine = RenderEngine(model: model)
  }

  var modelFingerprint: String { engine.fingerprint }
  var numericClass: String { engine.numericClass }

  func render(
    _ items: [Item], progress: (UInt64) -> Bool,
    finished: (ItemKey, Result<RenderedArtifact, RenderFault>) -> Void
  ) {
    engine.render(items, progress: progress) { key, result in
      finished(
        key,
        result.map {
          RenderedArtifact(contents: Data($0.contents), facts: $0.facts, stageSeconds: $0.times.byName, notes: $0.notes)
        }.mapError { RenderFault($0.failureClass, $0.description) })
    }
  }
}

extension NumericPrecision {
  /// The backend's name for it.
  var product: ProductPrecision {
    switch self {
    case .auto: .auto
    case .bf16: .bf16
    case .f32: .f32
    case .int8: .int8
    }
  }
}

extension RenderError {
  /// What no worker will ever render is the row's fault; the rest may be the worker's.
  fileprivate var failureClass: FailureClass {
    switch code {
    case .impossibleRequest, .unreadableCaption: .badItem
    case .notFinite, .stageFailed, .badArtifact: .itemFault
    }
  }
}
