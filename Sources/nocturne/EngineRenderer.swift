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
    _ items: [Item], into directory: URL, progress: (UInt64) -> Bool,
    finished: (ItemKey, Result<RenderedArtifact, RenderFault>) -> Void
  ) {
    engine.render(items, into: directory, progress: progress) { key, result in
      finished(
        key,
        result.map {
          RenderedArtifact(file: $0.file, facts: $0.facts, stageSeconds: $0.times.byName, notes: $0.notes)
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
    }
  }
}

extension RenderError {
  /// What the farm makes of it.
  var failureClass: FailureClass {
    switch kind {
    case .itemFault: .itemFault
    case .shortage: .shortage
    }
  }
}
