package import NocturneModels
package import NocturneTensor

/// What the render engine asks of a text-to-music model: the calls of `MeLoDy`, so that tests can render with a model
/// that misbehaves on purpose. The promises are stated there; the one the engine leans on most is that an item's result
/// does not depend on its neighbours in a call.
package protocol MusicModel: Sendable {
  var configuration: ModelConfiguration { get }
  var fingerprint: String { get }
  /// See `Backend.numericClass`.
  var numericClass: String { get }
  /// Threads that compute, the caller's included.
  var threads: Int { get }

  func embed(_ captions: [String]) throws -> [CaptionPrefix]
  func semanticTokens(
    prefixes: [[Int]], count: Int, seeds: [UInt64], sampling: SemanticSampling, progress: (Int) throws -> Void
  ) throws -> [[Int]]
  func latents(
    semantic: [[Int]], frames: Int, request: DiffusionRequest, seeds: [UInt64], progress: (Int) throws -> Void
  ) throws -> [Tensor]
  func waveform(_ latents: Tensor, progress: (Int) throws -> Void) throws -> [Float]
  /// Calls `body` once for each index below `count`, in any order, on any of the threads.
  func forEach(_ count: Int, _ body: (Int) -> Void)
}

extension MeLoDy: MusicModel {
  package var numericClass: String { backend.numericClass }
  package var threads: Int { backend.threads }
  package func forEach(_ count: Int, _ body: (Int) -> Void) { backend.forEach(count, body) }
}
