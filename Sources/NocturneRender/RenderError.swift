import NocturneModels

/// Why an item was not rendered.
package struct RenderError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable, CaseIterable {
    /// The item asks for what the model cannot render.
    case impossibleRequest
    /// The caption has no character that the text encoder reads.
    case unreadableCaption
    /// A stage made numbers that are none.
    case notFinite
    /// A stage threw.
    case stageFailed
    /// The finished file did not pass its inspection.
    case badArtifact
  }

  package var code: Code
  /// One line.
  package var message: String
  /// Nil when the item never entered a stage.
  package var stage: StageName?

  package init(_ code: Code, _ message: String, stage: StageName?) {
    self.code = code
    self.message = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    self.stage = stage
  }

  package var description: String { stage.map { "\($0.rawValue): \(message)" } ?? message }
}

extension RenderError {
  /// Puts a class on whatever a stage threw.
  init(_ error: any Error, stage: StageName) {
    switch error {
    case let error as RenderError: self = error
    case let error as NotFiniteError: self.init(.notFinite, error.description, stage: stage)
    case let error as AudioError:
      self.init(error.code == .encoderFailed ? .stageFailed : .badArtifact, error.description, stage: stage)
    default: self.init(.stageFailed, "\(error)", stage: stage)
    }
  }
}
