import Foundation
import NocturneFarm

/// A drill runs the whole farm, its real commands and real files, with test tones in place of music: what breaks then is
/// the farm. Only the environment turns it on, every command says so, and nothing that it makes can be taken for, or mixed
/// with, a rendered clip: run, worker and receipt carry its fingerprint.
enum Drill {
  /// Where every rendering is noted down, so that what was rendered twice can be counted; nil when there is no drill.
  static let log = ProcessInfo.processInfo.environment["NOCTURNE_DRILL"]
  static let fingerprint = "no-model-test-tones-only"

  /// What this process's renderer suffers from (`NOCTURNE_DRILL_MOOD`).
  static let mood = Mood(ProcessInfo.processInfo.environment["NOCTURNE_DRILL_MOOD"] ?? "")

  enum Mood {
    case well
    /// Every item is refused.
    case sick
    /// Every item needs more memory than there is.
    case vast
    /// Every item takes so long, in seconds.
    case slow(Double)

    /// `sick`, `vast`, or a number of seconds.
    init(_ text: String) {
      switch text {
      case "sick": self = .sick
      case "vast": self = .vast
      default: self = Double(text).map(Mood.slow) ?? .well
      }
    }
  }

  static func announce() {
    if log != nil { Terminal.remark("drill: NOCTURNE_DRILL is set, so every clip is a test tone and no music") }
  }
}
