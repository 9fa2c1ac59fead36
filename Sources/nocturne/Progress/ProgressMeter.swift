import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest

/// The figures behind the progress display.
struct ProgressMeter {
  private(set) var counts = ItemCounts()
  private(set) var workers = 0
  private let total: Int
  private var start = Date()
  private var finishedAtStart = 0
  private var audioSeconds = 0.0

  init(total: Int) { self.total = total }

  mutating func begin(_ counts: ItemCounts) {
    self.counts = counts
    start = Date()
    finishedAtStart = finished
  }

  mutating func done(_ receipt: Receipt) {
    audioSeconds += Double(receipt.facts.frames) / Double(max(receipt.facts.sampleRate, 1))
  }

  mutating func update(_ progress: RunProgress) {
    counts = progress.counts
    workers = progress.workers.count
  }

  mutating func finish(_ counts: ItemCounts) { self.counts = counts }

  var finished: Int { counts.total - counts.undecided }
  var fraction: Double { total == 0 ? 1 : Double(finished) / Double(total) }
  private var elapsed: Double { max(Date().timeIntervalSince(start), 1e-3) }
  private var itemsPerSecond: Double { Double(finished - finishedAtStart) / elapsed }

  /// Time left at the pace of this run; nil while nothing is finished.
  private var remaining: Double? {
    itemsPerSecond > 0 ? Double(counts.total - finished) / itemsPerSecond : nil
  }

  /// `128/200  2.10 items/s  20.9x real time  eta 0:34  2 workers  0 failed`
  var line: String {
    let left = remaining.map { "eta \(Self.clock($0))" } ?? "eta -"
    let pace = String(format: "%.2f items/s  %.1fx real time", itemsPerSecond, audioSeconds / elapsed)
    return "\(finished)/\(total)  \(pace)  "
      + "\(left)  \(workers) \(workers == 1 ? "worker" : "workers")  \(counts.dead) failed"
  }

  func closingLine(_ verdict: Verdict) -> String {
    let pace = String(format: "%.1fx real time", audioSeconds / elapsed)
    switch verdict.outcome {
    case .complete:
      let cancelled = counts.cancelled > 0 ? ", \(counts.cancelled) cancelled" : ""
      return "complete: \(counts.done) done, \(counts.dead) dead\(cancelled), in \(Self.clock(elapsed)) (\(pace))"
    case .stopped:
      return "stopped: \(counts.done) done, \(counts.undecided) to do; run the same command to resume"
    case .stoppedEarly:
      return "stopped early: \(verdict.reason ?? "every worker failed alike")"
    }
  }

  static func clock(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    return whole >= 3600
      ? String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
      : String(format: "%d:%02d", whole / 60, whole % 60)
  }
}
