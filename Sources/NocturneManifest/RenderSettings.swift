/// Render settings of one layer: nil means that the layer says nothing. Layers from weak to strong are the model's
/// defaults, the job file, the command line, the manifest row.
package struct RenderSettings: Hashable, Codable, Sendable {
  package var steps: Int?
  package var guidance: Double?
  package var seconds: Double?
  /// Run seed, or in a manifest row the seed of its first take.
  package var seed: UInt64?
  package var takes: Int?
  package var format: AudioFormat?
  package var schedule: AngleScheduleKind?

  package init(
    steps: Int? = nil, guidance: Double? = nil, seconds: Double? = nil, seed: UInt64? = nil, takes: Int? = nil,
    format: AudioFormat? = nil, schedule: AngleScheduleKind? = nil
  ) {
    self.steps = steps
    self.guidance = guidance
    self.seconds = seconds
    self.seed = seed
    self.takes = takes
    self.format = format
    self.schedule = schedule
  }

  /// These settings with every value that `stronger` states put in their place.
  package func overlaid(by stronger: RenderSettings) -> RenderSettings {
    RenderSettings(
      steps: stronger.steps ?? steps, guidance: stronger.guidance ?? guidance, seconds: stronger.seconds ?? seconds,
      seed: stronger.seed ?? seed, takes: stronger.takes ?? takes, format: stronger.format ?? format,
      schedule: stronger.schedule ?? schedule)
  }

  /// The specification of a clip: these settings, `base` where they say nothing.
  package func resolve(over base: RenderSpec = RenderSpec()) -> RenderSpec {
    RenderSpec(
      steps: steps ?? base.steps, guidance: guidance ?? base.guidance, seconds: seconds ?? base.seconds,
      schedule: schedule ?? base.schedule, format: format ?? base.format)
  }

  /// Takes of each row where no layer says otherwise: 1.
  package var resolvedTakes: Int { takes ?? 1 }
  /// Run seed where no layer says otherwise: 0.
  package var resolvedSeed: UInt64 { seed ?? 0 }
}
