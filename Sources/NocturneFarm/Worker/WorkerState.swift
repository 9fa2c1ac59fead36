/// The worker's brain: a pure value. Only `handle` changes it; it reads no clock, no disk, no socket.
///
/// A lease it holds is in exactly one of `queue` (waits), `rendering` (on the render thread) and `outbox` (rendered, and
/// waiting for its acknowledgement).
package struct WorkerState: Sendable {
  /// Identity and abilities; the state fills in `holding` and `credit` when it says hello.
  package let card: WorkerHello
  package let policy: WorkerPolicy

  var phase = Phase.idle
  /// The run that welcomed us; names the outbox folder.
  package internal(set) var run: String?
  /// Negotiated by the welcome; before it comes, a guess that is not used for judging.
  var heartbeatSeconds = 2.0
  var timeoutSeconds = 20.0

  /// Shards that wait for the render thread, in the order they were granted.
  var queue: [Shard] = []
  var rendering: Rendering?
  var outbox = Outbox()
  /// Failures not known to have been heard: they are told again after a reconnection.
  var failures: [Failure] = []

  /// When the coordinator was last heard.
  var lastHeard = FarmInstant.zero
  var nextBeat = FarmInstant.zero
  /// The last word on why there is no connection; forgotten when there is one.
  var handshakeFailure: HandshakeFailure?
  /// Set once no more work is taken: why we will leave.
  var leaving: WorkerExit?
  /// Seconds an item takes here; moving average.
  var paces: [BatchKey: Double] = [:]
  /// Shards whose rendering began.
  var startedShards = 0
  /// Since when a visit has nothing to do.
  var restingSince: FarmInstant?
  /// Until when the last acknowledgements are waited for.
  var lingerUntil: FarmInstant?

  var wakeAt: FarmInstant?
  private var instructions: [WorkerInstruction] = []

  enum Phase: Hashable, Sendable {
    /// Before `started`. Successor: connecting.
    case idle
    /// Hello was said, or the link is being made again. `since` the silence began. Successors: registered, gone.
    case connecting(since: FarmInstant, nextHello: FarmInstant, pause: Double)
    /// Welcomed. Successors: connecting, gone.
    case registered
    /// `exit` was said; nothing is answered any more.
    case gone
  }

  /// The shard on the render thread.
  struct Rendering: Sendable {
    let shard: Shard
    let startedAt: FarmInstant
    /// Not reported yet, in the shard's order.
    var undecided: [Lease]
    /// Not wanted any more: results are thrown away.
    var revoked: Set<Lease> = []
    var isCancelled = false
  }

  struct Failure: Hashable, Sendable {
    let lease: Lease
    let fault: RenderFault
  }

  package init(card: WorkerHello, policy: WorkerPolicy = WorkerPolicy()) {
    precondition(policy.credit >= 1, "\(policy)")
    self.card = card
    self.policy = policy
  }

  /// Takes one event in and says what to do about it. `now` never runs backwards.
  package mutating func handle(_ event: WorkerEvent, now: FarmInstant) -> [WorkerInstruction] {
    guard phase != .gone else { return [] }
    switch event {
    case .outboxLoaded(let entries): for entry in entries { outbox.insert(entry) }
    case .started: sayHello(now)
    case .handshakeFailed(let failure): judge(failure)
    case .messageReceived(let message): receive(message, now)
    case .itemFinished(let receipt): finish(receipt, now)
    case .itemFailed(let lease, let fault): fail(lease, fault)
    case .shardEnded(let shard): endShard(shard, now)
    case .timePassed:
      // The shell's alarm has rung, early perhaps: it has none until it is told again.
      wakeAt = nil
      passTime(now)
      leaveInTime(now)
    case .stopRequested: stop(now)
    case .exhausted(let reason): exhaust(reason, now)
    }
    endVisit(now)
    leaveIfDone(now)
    if phase != .gone { wake(now) }
    defer { instructions = [] }
    return instructions
  }

  /// Leases being rendered now, for the heart's snapshot.
  package var executing: [Lease] { rendering?.undecided ?? [] }
  /// Whether the running render call was told to return.
  package var isCalledOff: Bool { rendering?.isCancelled ?? false }
  /// Results that wait for their acknowledgement.
  package var unacknowledged: Int { outbox.count }

  mutating func emit(_ instruction: WorkerInstruction) { instructions.append(instruction) }
  mutating func send(_ message: WorkerMessage) { instructions.append(.send(message)) }

  /// Shards that would fit in.
  var room: Int {
    leaving == nil && !isVisitOver ? max(0, policy.credit - queue.count - (rendering == nil ? 0 : 1)) : 0
  }

  /// Everything held and not rendered yet, what executes first.
  var holding: [Lease] { executing + queue.flatMap { $0.items.map(\.lease) } }
}
