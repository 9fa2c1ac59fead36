import NocturneManifest

/// Work under a known end of the allocation.
extension WorkerState {
  /// The next shard, or as much of it as will be rendered before the end. The rest is handed back, and everything behind
  /// it: then it is time to go. Nil when nothing fits any more.
  mutating func nextThatFits(_ now: FarmInstant) -> Shard? {
    let shard = queue.removeFirst()
    let count = fitting(shard, now)
    if count == shard.items.count { return shard }
    let late = shard.items[count...].map(\.lease)
    if phase == .registered { send(.returned(late)) }
    emit(.notify("the allocation ends before \(late.count + held) more could be rendered; handing them back"))
    wind(up: .stopped, now)
    return count == 0 ? nil : Shard(id: shard.id, items: Array(shard.items[..<count]))
  }

  private var held: Int { queue.reduce(0) { $0 + $1.items.count } }

  /// How many of its items will have ended in time, by this worker's own pace; all of them before that is known.
  private func fitting(_ shard: Shard, _ now: FarmInstant) -> Int {
    guard let end = policy.leavesAt, let first = shard.items.first else { return shard.items.count }
    let left = end.seconds(since: now)
    guard left > 0 else { return 0 }
    guard let pace = paces[BatchKey(first.item.spec)], pace > 0 else { return shard.items.count }
    return Int(min(Double(shard.items.count), left / pace))
  }

  /// Takes down how long a shard took, when all of it was rendered.
  mutating func measure(_ ended: Rendering, _ now: FarmInstant) {
    guard ended.undecided.isEmpty, let first = ended.shard.items.first else { return }
    let pace = now.seconds(since: ended.startedAt) / Double(ended.shard.items.count)
    let key = BatchKey(first.item.spec)
    paces[key] = paces[key].map { ($0 + pace) / 2 } ?? pace
  }

  /// The end is here: whatever is unfinished is handed back, and what is rendered stays in the outbox.
  mutating func leaveInTime(_ now: FarmInstant) {
    guard let end = policy.leavesAt, now >= end, phase != .gone else { return }
    emit(.notify("the allocation ends; leaving"))
    if phase == .registered, !holding.isEmpty { send(.returned(holding)) }
    leave(.stopped)
  }
}
