/// How latents are sampled.
package struct DiffusionRequest: Hashable, Sendable {
  /// Steps T, at least 1.
  package var steps: Int
  /// Scale s of `v_u + s (v_c - v_u)` (model.md 6.1); 1 skips the unconditional evaluation.
  package var guidance: Double
  package var schedule: AngleSchedule

  package init(steps: Int = 5, guidance: Double = 2.5, schedule: AngleSchedule = .linear) {
    precondition(steps >= 1, "DiffusionRequest: \(steps) steps")
    self.steps = steps
    self.guidance = guidance
    self.schedule = schedule
  }
}
