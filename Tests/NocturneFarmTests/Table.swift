import NocturneFarm
import NocturneManifest
import NocturneTesting

/// A coordinator state under test: tokens are 1, 2, 3, ... in the order of the leases, there is no jitter, and shards
/// hold one item unless a test says otherwise.
struct Table {
  var state: CoordinatorState
  private var random = CountingGenerator()
  private(set) var now = FarmInstant.zero
  let source: ItemArray
  /// Of the last event.
  private(set) var notices: [FarmNotice] = []
  /// Of all events.
  private(set) var everyNotice: [FarmNotice] = []
  private(set) var wake: FarmInstant?
  /// All that was ever recorded.
  private(set) var journal: [Transition] = []
  /// This life and those before it.
  private(set) var lives: [FormerLife] = []

  static func plainPolicy() -> FarmPolicy {
    var policy = FarmPolicy()
    policy.retry = RetryPolicy(limit: 3, backoffSeconds: 5, backoffLimitSeconds: 15, jitter: 0)
    policy.shortage = BackoffPolicy(seconds: 10, limitSeconds: 600, jitter: 0)
    policy.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 1, minItems: 1)
    return policy
  }

  init(
    items: Int, specs: [RenderSpec] = [RenderSpec()], replaying journal: [Transition] = [],
    _ edit: (inout FarmPolicy) -> Void = { _ in }
  ) {
    var policy = Self.plainPolicy()
    edit(&policy)
    source = ItemArray((0..<items).map { Item.sample($0 + 1, spec: specs[$0 % specs.count]) })
    state = CoordinatorState(
      run: RunIdentity(name: "night", modelFingerprint: FakeRenderer.fingerprint), policy: policy, validates: true)
    handle(.itemsLoaded(source.entries), .transitionsReplayed(journal))
    self.journal = journal
    lives = [FormerLife(lastShard: state.lastShard, listenedSeconds: 0)]
  }

  /// The run in the hands of the next coordinator, after this one was killed.
  func restarted() -> Table {
    var next = Table(items: source.count, replaying: journal)
    next.handle(.livesRemembered(lives), .started)
    next.lives = lives + next.lives
    return next
  }

  /// A table that is open.
  static func open(
    items: Int, specs: [RenderSpec] = [RenderSpec()], replaying journal: [Transition] = [],
    _ edit: (inout FarmPolicy) -> Void = { _ in }
  ) -> Table {
    var table = Table(items: items, specs: specs, replaying: journal, edit)
    table.handle(.started)
    return table
  }

  /// What the events lead to, without notices and wakes.
  @discardableResult mutating func handle(_ events: CoordinatorEvent...) -> [CoordinatorInstruction] {
    notices = []
    var told: [CoordinatorInstruction] = []
    for event in events {
      for instruction in state.handle(event, now: now, using: &random) {
        switch instruction {
        case .notify(let notice):
          notices.append(notice)
          everyNotice.append(notice)
        case .wake(let instant): wake = instant
        case .record(let transitions):
          journal += transitions
          told.append(instruction)
        case .recordListening(let seconds): lives[lives.count - 1].listenedSeconds = seconds
        default: told.append(instruction)
        }
      }
    }
    return told
  }

  mutating func advance(_ seconds: Double) { now = now + seconds }

  /// Time passes as the state wished it to, up to so many seconds from now.
  @discardableResult mutating func pass(_ seconds: Double) -> [CoordinatorInstruction] {
    let end = now + seconds
    var told: [CoordinatorInstruction] = []
    var notices: [FarmNotice] = []
    var wakes = 0
    while let wake, wake <= end {
      wakes += 1
      precondition(wakes < 1000, "woken without end at \(now)")
      now = max(now, wake)
      self.wake = nil
      told += handle(.timePassed)
      notices += self.notices
    }
    now = end
    self.notices = notices
    return told
  }

  // MARK: Short words

  @discardableResult mutating func join(_ name: String, credit: Int = 2, holding: [Lease] = [])
    -> [CoordinatorInstruction]
  {
    handle(.messageReceived(.hello(.sample(name, holding: holding, credit: credit)), from: WorkerID(name)))
  }

  @discardableResult mutating func say(_ message: WorkerMessage, _ name: String) -> [CoordinatorInstruction] {
    handle(.messageReceived(message, from: WorkerID(name)))
  }

  @discardableResult mutating func beat(_ name: String, executing: [Lease] = [], progress: UInt64 = 0)
    -> [CoordinatorInstruction]
  {
    say(.heartbeat(Heartbeat(progress: progress, executing: executing)), name)
  }

  /// Finished, collected, stored.
  @discardableResult mutating func finish(_ lease: Lease, _ name: String) -> [CoordinatorInstruction] {
    say(.finished(receipt(lease, name), inline: nil), name)
    return handle(.artifactStored(receipt(lease, name), from: WorkerID(name)))
  }

  func receipt(_ lease: Lease, _ name: String) -> Receipt {
    guard let item = source.items.first(where: { $0.key == lease.item }) else {
      return .sample(.sample(99), lease, by: WorkerID(name))
    }
    return .sample(item, lease, by: WorkerID(name))
  }

  func key(_ number: Int) -> ItemKey { Item.sample(number).key }
}

func lease(_ number: Int, attempt: Int = 1, token: UInt64) -> Lease {
  Lease(item: Item.sample(number).key, attempt: attempt, token: token)
}

/// A lease that is heard of again.
func renewed(_ lease: Lease, by name: String, in shard: UInt64) -> Transition {
  Transition(
    item: lease.item, attempt: lease.attempt,
    change: .leased(token: lease.token, worker: WorkerID(name), shard: shard))
}

/// The record and the grant of a shard of items, in the order of their leases.
func granted(_ shard: UInt64, _ leases: [Lease], to name: String) -> [CoordinatorInstruction] {
  let worker = WorkerID(name)
  return [
    .record(
      leases.map {
        Transition(
          item: $0.item, attempt: $0.attempt, change: .leased(token: $0.token, worker: worker, shard: shard))
      }),
    .grant(ShardGrant(id: shard, leases: leases, positions: leases.map { position(of: $0) }), to: worker),
  ]
}

private func position(of lease: Lease) -> Int {
  (Int(lease.item.row.dropFirst("item-".count)) ?? 0) - 1
}

extension [CoordinatorInstruction] {
  /// The leases of all grants, in order.
  var grants: [[Lease]] {
    compactMap { if case .grant(let grant, _) = $0 { grant.leases } else { nil } }
  }

  /// The changes of all records, in order.
  var changes: [Transition.Change] {
    flatMap { if case .record(let transitions) = $0 { transitions.map(\.change) } else { [Transition.Change]() } }
  }

  var releases: [Release] {
    changes.compactMap { if case .released(let release) = $0 { release } else { nil } }
  }

  func messages(to name: String) -> [CoordinatorMessage] {
    compactMap { if case .send(let message, WorkerID(name)) = $0 { message } else { nil } }
  }
}

func welcome(_ name: String) -> CoordinatorInstruction {
  .send(.welcome(run: "night", heartbeatSeconds: 2, timeoutSeconds: 20), to: WorkerID(name))
}

/// Short words for whole incidents.
extension Table {
  /// What the worker was granted and has not brought to an end, oldest grant first; from the journal.
  func held(_ name: String) -> [Lease] {
    var held: [Lease] = []
    for transition in journal {
      if case .leased(let token, let worker, _) = transition.change, worker == WorkerID(name) {
        held.append(Lease(item: transition.item, attempt: transition.attempt, token: token))
      } else {
        held.removeAll { $0.item == transition.item }
      }
    }
    return held
  }

  /// The worker fails the first thing it holds.
  @discardableResult mutating func fail(
    _ name: String, _ failureClass: FailureClass = .itemFault, message: String = "it threw"
  ) -> [CoordinatorInstruction] {
    guard let lease = held(name).first else { preconditionFailure("\(name) holds nothing to fail") }
    return say(.failed(lease, failureClass, message: message), name)
  }

  /// The worker finishes what it holds, and so on with what it is granted for that.
  mutating func finishAll(_ name: String, times: Int = 3) {
    for _ in 0..<times {
      guard let lease = held(name).first else { return }
      finish(lease, name)
    }
  }
}
