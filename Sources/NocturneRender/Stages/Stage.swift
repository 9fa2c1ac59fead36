/// One step from caption to file.
package protocol Stage: Sendable {
  var name: StageName { get }
  var reads: Set<ClipPart> { get }
  var writes: ClipPart { get }
  /// At most this many clips in one call.
  var batchLimit: Int { get }

  /// Writes its part into each clip (all with one length and equal diffusion settings). An outcome for each, in order.
  ///
  /// A fault of one clip is its outcome. What is thrown befalls the call as a whole: the engine then tries each clip
  /// alone, which by the model's promise gives the same results, and only those that still throw are lost.
  func run(_ clips: [Clip], meter: ProgressRelay) throws -> [Result<Clip, RenderError>]
}
