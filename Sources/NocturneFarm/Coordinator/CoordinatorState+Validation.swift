import NocturneManifest

/// What is true after every event.
extension CoordinatorState {
  /// Traps at the first broken invariant. O(items).
  func validate() {
    if let violation = violations.first { preconditionFailure("CoordinatorState: \(violation)") }
  }

  /// The broken invariants, one line each.
  package var violations: [String] {
    guard phase != .opening else { return [] }
    return countViolations + placeViolations + workerViolations
  }

  private var countViolations: [String] {
    var counted = ItemCounts()
    for record in items.records { counted[record.phase] += 1 }
    return counted == items.counts ? [] : ["counted \(counted), booked \(items.counts)"]
  }

  /// Every item is in exactly the one place that its phase says.
  private var placeViolations: [String] {
    var places: [Int: [String]] = [:]
    for position in lines.all { places[position, default: []].append("line") }
    for position in retries.all { places[position, default: []].append("retry") }
    for position in holders.keys { places[position, default: []].append("holder") }
    for position in orphans.keys { places[position, default: []].append("orphan") }
    for position in collections.keys { places[position, default: []].append("collection") }
    var violations: [String] = []
    for (position, record) in items.records.enumerated() {
      let found = places[position] ?? []
      let allowed: [String]
      switch record.phase {
      case .waiting: allowed = record.isSuspect ? ["retry"] : ["line"]
      case .leased: allowed = ["holder", "orphan", "collection"]
      case .done, .dead, .cancelled: allowed = []
      }
      let isRight = allowed.isEmpty ? found.isEmpty : found.count == 1 && allowed.contains(found[0])
      if !isRight { violations.append("\(items.keys[position]) is \(record.phase), and in \(found)") }
      if record.phase == .leased, record.token == 0 { violations.append("\(items.keys[position]) is leased unfenced") }
      if record.phase == .waiting, Int(record.tries) >= policy.retry.limit {
        violations.append("\(items.keys[position]) waits after \(record.tries) tries")
      }
    }
    return violations
  }

  /// The workers' books and the holders say the same.
  private var workerViolations: [String] {
    var violations: [String] = []
    var held: [Int: WorkerID] = [:]
    for (worker, record) in registered {
      for shard in record.shards {
        if shard.remaining.isEmpty { violations.append("\(worker) holds the empty shard \(shard.id)") }
        for position in shard.remaining {
          if hedges[position] == worker, holders[position] != nil, holders[position] != worker { continue }
          if held.updateValue(worker, forKey: position) != nil {
            violations.append("\(items.keys[position]) is held twice")
          }
        }
      }
      let delivering = collections.values.filter { $0.deliverer == worker }.count
      if delivering != record.delivering {
        violations.append("\(worker) delivers \(delivering), not \(record.delivering)")
      }
    }
    if held != holders { violations.append("holders and workers differ") }
    for (position, worker) in hedges where registered[worker]?.held.contains(position) != true {
      violations.append("\(worker) does not hold its hedge \(items.keys[position])")
    }
    return violations
  }
}
