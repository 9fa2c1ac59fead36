/// Items that failed, or rode with one that did: each group goes out again as a shard of its own, at its time.
struct RetryQueue: Sendable {
  struct Group: Hashable, Sendable {
    /// Manifest order.
    var positions: [Int]
    var due: FarmInstant
  }

  /// Not due yet.
  private var delayed = BinaryHeap<Delayed>()
  /// Due, in the order in which they became so.
  private(set) var ready: [Group] = []
  private var sequence = 0

  private struct Delayed: Comparable {
    let group: Group
    let sequence: Int

    static func < (left: Delayed, right: Delayed) -> Bool {
      (left.group.due, left.sequence) < (right.group.due, right.sequence)
    }
  }

  var nextDue: FarmInstant? { delayed.first?.group.due }

  mutating func insert(_ group: Group, now: FarmInstant) {
    if group.due <= now {
      ready.append(group)
    } else {
      delayed.insert(Delayed(group: group, sequence: sequence))
      sequence += 1
    }
  }

  /// Moves what is due to `ready`.
  mutating func advance(to now: FarmInstant) {
    while let first = delayed.first, first.group.due <= now { ready.append(delayed.removeFirst().group) }
  }

  /// The items of the first ready group that `mayTake` allows, at most `limit`; may be only part of that group.
  func takeable(atMost limit: Int, where mayTake: (Int) -> Bool) -> [Int] {
    for group in ready {
      let allowed = group.positions.filter(mayTake)
      if !allowed.isEmpty { return Array(allowed.prefix(limit)) }
    }
    return []
  }

  /// Takes what `takeable` found; the rest of its group stays.
  mutating func take(_ positions: [Int]) {
    guard let index = ready.firstIndex(where: { $0.positions.contains(positions[0]) }) else {
      preconditionFailure("RetryQueue.take: item \(positions[0]) is not ready")
    }
    ready[index].positions.removeAll { positions.contains($0) }
    if ready[index].positions.isEmpty { ready.remove(at: index) }
  }

  /// Takes one item out; false when it is not here. O(n).
  mutating func remove(_ position: Int) -> Bool {
    for index in ready.indices where ready[index].positions.contains(position) {
      ready[index].positions.removeAll { $0 == position }
      if ready[index].positions.isEmpty { ready.remove(at: index) }
      return true
    }
    guard let found = delayed.unordered.first(where: { $0.group.positions.contains(position) }) else { return false }
    delayed.removeAll { $0.sequence == found.sequence }
    var group = found.group
    group.positions.removeAll { $0 == position }
    if !group.positions.isEmpty { delayed.insert(Delayed(group: group, sequence: found.sequence)) }
    return true
  }

  /// Takes all of these out that are here. O(n).
  mutating func remove(_ unwanted: Set<Int>) {
    func kept(_ group: Group) -> Group? {
      let positions = group.positions.filter { !unwanted.contains($0) }
      return positions.isEmpty ? nil : Group(positions: positions, due: group.due)
    }
    ready = ready.compactMap(kept)
    let waiting = delayed.unordered
    delayed = BinaryHeap()
    for entry in waiting {
      if let group = kept(entry.group) { delayed.insert(Delayed(group: group, sequence: entry.sequence)) }
    }
  }

  /// When the group that an item waits in is due; nil when it is due already, or not here. O(n).
  func due(_ position: Int) -> FarmInstant? {
    delayed.unordered.first { $0.group.positions.contains(position) }?.group.due
  }

  /// Everything that waits here, for the invariants. O(n).
  var all: [Int] { ready.flatMap(\.positions) + delayed.unordered.flatMap(\.group.positions) }
}
