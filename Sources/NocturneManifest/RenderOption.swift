/// The render settings that a manifest column, a command line option and a job file key name alike.
package enum RenderOption: String, Hashable, Codable, Sendable, CaseIterable {
  case steps, guidance, seconds, seed, takes, format, schedule

  /// Whether JSON and YAML write the value as a number.
  package var isNumeric: Bool {
    switch self {
    case .steps, .guidance, .seconds, .seed, .takes: true
    case .format, .schedule: false
    }
  }

  /// The permitted values in words, for messages and `--help`.
  package func range(limits: RenderLimits = RenderLimits()) -> String {
    switch self {
    case .steps: "a whole number from 1 to \(RenderLimits.steps.upperBound)"
    case .guidance: "a number from 0 to 100"
    case .seconds:
      "above \(limits.shortestSeconds.plain)"
        + (limits.maximumSeconds.isFinite ? ", at most \(limits.maximumSeconds.plain)" : "")
    case .seed: "a whole number from 0 to \(ItemSeed.maximum)"
    case .takes: "a whole number from 1 to \(RenderLimits.takes.upperBound)"
    case .format: AudioFormat.allCases.map(\.rawValue).joined(separator: " or ")
    case .schedule: AngleScheduleKind.allCases.map(\.rawValue).joined(separator: " or ")
    }
  }
}

extension Double {
  /// `10` rather than `10.0`: as a person would type it.
  package var plain: String { Int(exactly: self).map(String.init) ?? String(self) }
}
