/// The stages in their order, by the names that metadata and benchmarks print.
package enum StageName: String, Hashable, Sendable, CaseIterable {
  case text, lm, dpd, vae, encode
}

/// Seconds of wall time spent on one clip in each stage; a call for several clips is shared out evenly among them.
package struct StageTimes: Hashable, Sendable {
  private var seconds: [StageName: Double] = [:]

  package init() {}

  package subscript(stage: StageName) -> Double {
    get { seconds[stage, default: 0] }
    set { seconds[stage] = newValue }
  }

  package var total: Double { StageName.allCases.reduce(0) { $0 + self[$1] } }

  /// For `metadata.jsonl`: `["text": ..., "encode": ...]`, all five.
  package var byName: [String: Double] {
    Dictionary(uniqueKeysWithValues: StageName.allCases.map { ($0.rawValue, self[$0]) })
  }

  package static func += (left: inout StageTimes, right: StageTimes) {
    for stage in StageName.allCases { left[stage] += right[stage] }
  }
}
