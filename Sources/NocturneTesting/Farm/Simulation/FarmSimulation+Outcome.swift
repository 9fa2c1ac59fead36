import NocturneFarm
import NocturneManifest

/// What must be true in the morning.
extension FarmSimulation {
  func outcomeProblems() -> [String] {
    var found: [String] = []
    guard let verdict else { return ["no verdict"] }
    if verdict.outcome != .complete { found.append("ended as \(verdict.outcome)") }
    if verdict.counts.undecided != 0 || verdict.counts.total != plan.items {
      found.append("lost items: \(verdict.counts)")
    }
    for case .digestsDiffer(let item, let worker, let other) in notices {
      let suspects = [worker] + (other.map { [$0] } ?? [])
      // Where the other one is not known any more, its result is in the journal.
      let accepted = metadata.first { $0.lease.item == item }.map { [$0.worker] } ?? []
      if !(suspects + accepted).contains(where: { plan.sicknesses[hostOfWorker[$0] ?? -1] == .alters }) {
        found.append("\(item): \(suspects) are said to differ, and are sound")
      }
    }
    // What the crash of the last moment swallowed is written by the next start.
    let published = Dictionary(grouping: metadata, by: \.lease.item)
    let stories = Dictionary(grouping: journal.transitions, by: \.item)
    for item in source.items {
      let story = stories[item.key] ?? []
      found += storyProblems(item.key, story)
      let accepted = story.compactMap { if case .done(let receipt) = $0.change { receipt } else { nil } }
      if accepted.count > 1 { found.append("\(item.key): \(accepted.count) accepted results") }
      if let receipt = accepted.first {
        let digest = receipt.facts.sha256
        let isSound = digest == FakeRenderer.facts(of: item).sha256
        if !isSound, plan.sicknesses[hostOfWorker[receipt.worker] ?? -1] != .alters {
          found.append("\(item.key): accepted other bytes")
        }
        if files[item.fileName] != digest { found.append("\(item.key): file is \(files[item.fileName] ?? "missing")") }
        if published[item.key]?.count != 1 { found.append("\(item.key): \(published[item.key]?.count ?? 0) lines") }
      }
      let lines = errors.count { $0.item == item.key }
      if lines != (accepted.isEmpty ? 1 : 0) {
        found.append("\(item.key): \(accepted.count) results and \(lines) lines in the errors")
      }
    }
    return found
  }

  /// The life of an item obeys the table: legal successors, growing attempts, tries as counted.
  private func storyProblems(_ item: ItemKey, _ story: [Transition]) -> [String] {
    var found: [String] = []
    var state = "waiting"
    var attempt = 0
    var token: UInt64 = 0
    var tries = 0
    var paid: [FailureClass: Int] = [:]
    for transition in story {
      switch transition.change {
      case .leased(let fresh, _, _):
        let isHedge = state == "leased" && fresh == token
        if state != "waiting", !isHedge { found.append("\(item): leased while \(state)") }
        if transition.attempt != attempt + (fresh == token ? 0 : 1) {
          found.append("\(item): attempt \(transition.attempt) after \(attempt)")
        }
        attempt = transition.attempt
        token = fresh
        state = "leased"
      case .done:
        if state != "leased" { found.append("\(item): done while \(state)") }
        if transition.attempt != attempt {
          found.append("\(item): done by attempt \(transition.attempt) of \(attempt)")
        }
        state = "done"
      case .released(let release):
        if state != "leased" { found.append("\(item): released while \(state)") }
        let cost = plan.policy.failures[release.failureClass]
        // Free although the class costs a try: of several that took a worker down, or did not fit, nobody pays yet.
        if release.costsTry ? cost != .try : cost == .try && release.shardLimit == 0 || cost == .dead {
          found.append("\(item): \(release.failureClass) \(release.costsTry ? "paid" : "did not pay")")
        }
        if release.costsTry { paid[release.failureClass, default: 0] += 1 }
        tries += release.costsTry ? 1 : 0
        if !release.open { token = 0 }
        state = "waiting"
      case .died(.cancelled, _, _):
        if state != "waiting" && state != "leased" { found.append("\(item): cancelled while \(state)") }
        token = 0
        state = "cancelled"
      case .died(let failureClass, _, _):
        if state != "leased" { found.append("\(item): died while \(state)") }
        paid[failureClass, default: 0] += 1
        if plan.policy.failures[failureClass] == .try, tries + 1 != plan.policy.retry.limit {
          found.append("\(item): dead after \(tries + 1) tries of \(plan.policy.retry.limit)")
        }
        state = "dead"
      case .reopened(let reason):
        // A run that stops early gives tries back to items that wait, too.
        let mayWait = reason == "the run stopped early"
        if !["done", "dead", "cancelled"].contains(state), !(mayWait && state == "waiting") {
          found.append("\(item): reopened while \(state)")
        }
        state = "waiting"
        tries = 0
        token = 0
      }
    }
    // Nothing is paid for that did not happen: no loss, doubling or restart makes two failures of one.
    if paid[.itemFault, default: 0] > faults[item, default: 0] {
      found.append("\(item): paid for \(paid[.itemFault] ?? 0) faults of \(faults[item] ?? 0)")
    }
    if paid[.shortage, default: 0] > shortages[item, default: 0] {
      found.append("\(item): paid for \(paid[.shortage] ?? 0) shortages of \(shortages[item] ?? 0)")
    }
    if !["done", "dead", "cancelled"].contains(state) { found.append("\(item): ends \(state)") }
    return found
  }
}

/// What these nights are made of, counted.
extension FarmSimulation {
  /// Each kind of event that a collection of nights should have seen.
  package static let everything = [
    "awaited", "coordinator crashes", "early stops", "hedges", "items cancelled", "items retried", "names reused",
    "pauses", "preemptions", "probes failed", "probes passed", "quarantines", "sick nodes named", "stops",
    "suspensions", "worker crashes",
  ]

  package var happenings: [String: Int] {
    var counts = [
      "coordinator crashes": coordinatorCrashes, "worker crashes": workerCrashes, "stops": stops,
      "suspensions": suspensions, "preemptions": preemptions, "names reused": namesReused,
    ]
    for notice in notices {
      let event: String? =
        switch notice {
        case .heldByOperator: "pauses"
        case .itemsCancelled(1...): "items cancelled"
        case .itemsRetried: "items retried"
        case .workerQuarantined: "quarantines"
        case .probeFailed: "probes failed"
        case .workerReturned: "probes passed"
        case .itemHedged: "hedges"
        case .digestsDiffer: "sick nodes named"
        case .stoppingEarly: "early stops"
        case .awaitingWorkers: "awaited"
        default: nil
        }
      if let event { counts[event, default: 0] += 1 }
    }
    return counts
  }
}
