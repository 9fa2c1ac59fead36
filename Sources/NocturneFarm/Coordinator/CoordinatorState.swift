import NocturneManifest

/// The coordinator's brain: a pure value. Only `handle` changes it; it reads no clock, no disk, no socket.
///
/// Items are numbers here (positions in the manifest); a leased one is in exactly one of `holders` (a registered worker
/// has it), `orphans` (its worker is out of sight, and may come back) and `collections` (its result is on the way). A
/// waiting one is in exactly one of `lines` (may go now) and `retries` (goes apart from others, at its time).
package struct CoordinatorState: Sendable {
  package let run: RunIdentity
  package let policy: FarmPolicy
  /// Re-checks every invariant after each event, at O(items); for tests.
  package let validates: Bool

  var phase = Phase.opening
  var items = ItemTable()
  var lines = WaitingLines()
  var retries = RetryQueue()

  var registered: [WorkerID: WorkerRecord] = [:]
  /// Workers that may have room, longest waiting first; who has none any more is dropped when met.
  var hungry: [WorkerID] = []
  /// Holder of each leased item that is with a registered worker.
  var holders: [Int: WorkerID] = [:]
  /// Who renders a leased item beside its holder, under the same lease.
  var hedges: [Int: WorkerID] = [:]
  /// Items that have been hedged under their present lease: once is enough.
  var hedged: Set<Int> = []
  /// Until when a leased item of unknown whereabouts counts as "maybe running".
  var orphans: [Int: FarmInstant] = [:]
  /// While opening: the shard under which each leased item was granted, and the lives before this one.
  var leasedIn: [Int: UInt64] = [:]
  var formerLives: [FormerLife] = []
  /// Since when this life listens for holders of earlier leases, and when that is to be noted next.
  var listening: (since: FarmInstant, noteAt: FarmInstant)?
  var collections: [Int: Collection] = [:]

  var quarantine: [WorkerID: Confinement] = [:]
  /// What the journal and this life know of every worker process so far.
  var reputations: [WorkerID: Reputation] = [:]
  /// Whose results were accepted, of the items that more than one worker may have rendered.
  var acceptors: [Int: WorkerID] = [:]
  /// Results accepted in this life.
  var accepted = 0
  /// How the first items failed; nil once that cannot stop the run any more.
  var firstFailures: FirstFailures? = FirstFailures()

  /// Workers out of sight that may still be at work for this run, and since when.
  var absent: [WorkerID: FarmInstant] = [:]
  /// The run is complete, and those who do not know it are waited for until then.
  var partingUntil: FarmInstant?

  /// Fixed by the first worker, or by the journal.
  var modelFingerprint: String?
  var numericClass: String?
  /// Seconds an item over all workers, by batch index; moving average.
  var speeds: [UInt32: Double] = [:]
  /// Shards are numbered from 1 over all lives of the run.
  package internal(set) var lastShard: UInt64 = 0

  /// An operator has paused the run.
  var isHeld = false
  var progress = Progress()
  /// The run waits for room on the disk until then.
  var pausedUntil: FarmInstant?
  /// Shortages of storage in a row.
  var storageShortages = 0

  var wakeAt: FarmInstant?
  var wakeIsNews = false
  /// What the event at hand has led to so far, and the transitions that follow it and are to be committed together.
  private var instructions: [CoordinatorInstruction] = []
  private var transitions: [Transition] = []

  enum Phase: Hashable, Sendable {
    /// Items and journal are being read. Successor: running.
    case opening
    /// Work is handed out. Successors: draining, over.
    case running
    /// Nothing is handed out any more; workers finish what they execute. Successor: over.
    case draining
    /// The verdict is given (or about to be, see `partingUntil`); messages are still answered.
    case over(Verdict.Outcome)

    var isOver: Bool {
      if case .over = self { true } else { false }
    }
  }

  /// A result on its way in.
  struct Collection: Sendable {
    var receipt: Receipt
    var deliverer: WorkerID
    /// When the deliverer last said that it has it.
    var heardAt: FarmInstant
    /// Not asked for until the disk has room again.
    var isHeld: Bool
  }

  package init(run: RunIdentity, policy: FarmPolicy, validates: Bool = false) {
    precondition(policy.credit >= 1 && policy.retry.limit >= 1 && policy.sharding.maxItems >= 1, "\(policy)")
    self.run = run
    self.policy = policy
    self.validates = validates
    modelFingerprint = run.modelFingerprint
  }

  /// Takes one event in and says what to do about it. `now` never runs backwards. Costs O(1) in the number of items,
  /// apart from loading and `started`.
  package mutating func handle(
    _ event: CoordinatorEvent, now: FarmInstant, using random: inout some RandomNumberGenerator
  ) -> [CoordinatorInstruction] {
    switch event {
    case .itemsLoaded(let entries): load(entries)
    case .transitionsReplayed(let transitions): replay(transitions)
    case .pauseReplayed: isHeld = true
    case .workersRemembered(let workers): for worker in workers { absent[worker] = now }
    case .livesRemembered(let lives): formerLives = lives
    case .started: start(now)
    case .messageReceived(let message, let worker): receive(message, from: worker, now, &random)
    case .artifactStored(let receipt, let worker): accept(receipt, from: worker, now)
    case .artifactRejected(let receipt, let reason, let worker):
      reject(receipt, reason: reason, from: worker, now, &random)
    case .storageFell(let receipt, let message, let worker):
      pauseRun(receipt, message: message, from: worker, now, &random)
    case .grantUndelivered(let shard, let worker): takeBack(shard, from: worker, now)
    case .grantCut(let leases, let worker):
      free(leases.compactMap(current), .infrastructure, "too large to send", worker: worker, open: false, now)
    case .artifactMissed(let item, let reason): reopen(item, reason: reason, now)
    case .timePassed: passTime(now, &random)
    case .stopRequested: stop(now)
    case .orderReceived(let order, let ticket): obey(order, for: ticket, now)
    }
    stopEarly(now)
    endIfOver(now)
    part(now)
    grantWork(now, &random)
    watchProgress(now)
    if wakeIsNews, let wakeAt, !phase.isOver || partingUntil != nil { emit(.wake(at: wakeAt)) }
    wakeIsNews = false
    if validates { validate() }
    flushTransitions()
    defer { instructions = [] }
    return instructions
  }

  /// How many items are where.
  package var counts: ItemCounts { items.counts }

  /// Nothing is handed out any more.
  package var isClosing: Bool { phase == .draining || phase.isOver }

  private mutating func receive(
    _ message: WorkerMessage, from worker: WorkerID, _ now: FarmInstant, _ random: inout some RandomNumberGenerator
  ) {
    if case .hello(let hello) = message { return register(hello, from: worker, now, &random) }
    guard phase != .opening else { return }
    guard registered[worker] != nil else { return challenge(worker, message, now) }
    registered[worker]?.lastHeard = now
    switch message {
    case .hello: break
    case .chunk(let lease, _, _): noteArrival(of: lease, from: worker, now)
    case .heartbeat(let heartbeat): hear(heartbeat, from: worker, now, &random)
    case .ready(let credit):
      registered[worker]?.isSated = credit == 0
      offer(credit, by: worker)
    case .finished(let receipt, let inline): take(receipt, inline: inline, from: worker, now)
    case .failed(let lease, let failureClass, let message):
      fail(lease, failureClass, message: message, by: worker, now, &random)
    case .returned(let leases): takeBack(leases, from: worker, now)
    case .goodbye: dismiss(worker, now)
    }
  }

  // MARK: Verbs that the aspects share

  /// Carries a transition out and has it journaled; all of one event that follow each other are committed together.
  mutating func record(_ change: Transition.Change, at position: Int) {
    var attempt = Int(items.records[position].attempt)
    if case .leased(let token, _, _) = change, token != items.records[position].token { attempt += 1 }
    let transition = Transition(item: items.keys[position], attempt: attempt, change: change)
    if attempt != Int(items.records[position].attempt) { hedged.remove(position) }
    items.apply(transition, at: position, runClass: numericClass)
    transitions.append(transition)
  }

  mutating func emit(_ instruction: CoordinatorInstruction) {
    flushTransitions()
    instructions.append(instruction)
  }

  mutating func send(_ message: CoordinatorMessage, to worker: WorkerID) { emit(.send(message, to: worker)) }

  mutating func notify(_ notice: FarmNotice) { emit(.notify(notice)) }

  private mutating func flushTransitions() {
    if transitions.isEmpty { return }
    instructions.append(.record(transitions))
    transitions = []
  }

  /// Asks to be woken at this instant, unless an earlier one is wished for.
  mutating func schedule(_ instant: FarmInstant) {
    if let wakeAt, wakeAt <= instant { return }
    wakeAt = instant
    wakeIsNews = true
  }
}
