/// How one clip is made: every setting that its bytes depend on, besides the caption and the model.
package struct RenderSpec: Hashable, Codable, Sendable {
  /// Diffusion steps T, at least 1 (model.md 4.1).
  package var steps: Int
  /// Classifier-free guidance scale s in `v_u + s (v_c - v_u)` (model.md 6.1); 1 turns guidance off.
  package var guidance: Double
  /// Length of the clip in seconds.
  package var seconds: Double
  /// How the quarter turn is divided into steps (model.md 4.1, eq. 4).
  package var schedule: AngleScheduleKind
  /// Container and sample format of the audio file.
  package var format: AudioFormat

  package init(
    steps: Int = 5, guidance: Double = 2.5, seconds: Double = 10, schedule: AngleScheduleKind = .linear,
    format: AudioFormat = .flac
  ) {
    self.steps = steps
    self.guidance = guidance
    self.seconds = seconds
    self.schedule = schedule
    self.format = format
  }
}

/// The angle schedules of model.md 4.1.
package enum AngleScheduleKind: String, Hashable, Codable, Sendable, CaseIterable {
  /// `w_t = pi/(6T) + 2 pi t / (3 T (T+1))`: large steps first.
  case linear
  /// `w_t = pi/(2T)`.
  case uniform
}

/// Audio file formats; both hold 24-bit mono PCM.
package enum AudioFormat: String, Hashable, Codable, Sendable, CaseIterable {
  case flac, wav
}
