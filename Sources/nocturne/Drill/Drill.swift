import Foundation
import NocturneFarm

/// A drill runs the whole farm, its real commands and real files, with test tones in place of music: what breaks then is
/// the farm. Only the environment turns it on, every command says so, and nothing that it makes can be taken for, or mixed
/// with, a rendered clip: run, worker and receipt carry its fingerprint.
enum Drill {
  /// Where every rendering is noted down, so that what was rendered twice can be counted; nil when there is no drill.
  static let log = ProcessInfo.processInfo.environment["NOCTURNE_DRILL"]
  static let fingerprint = "no-model-test-tones-only"

  static func announce() {
    if log != nil { Terminal.remark("drill: NOCTURNE_DRILL is set, so every clip is a test tone and no music") }
  }
}
