package import NocturneFarm
package import NocturneManifest

/// One coordinator state and several worker states over a simulated clock, network, disk and journal: a whole night in a
/// few milliseconds, the same for the same plan. `run` returns what it found wrong.
///
/// The shells are simulated as their contract has it: nothing is carried out before the records that precede it are
/// committed; a crash loses what was not carried out, and all memory; outboxes, journal and stored files survive.
package final class FarmSimulation {
  package let plan: SimulationPlan
  let source: ItemArray
  var random: SeededGenerator
  package internal(set) var now = FarmInstant.zero

  var agenda = BinaryHeap<Appointment>()
  private var sequence = 0

  // The coordinator's side.
  package let journal = InMemoryJournal()
  var coordinator: CoordinatorState?
  /// Counts the lives of the coordinator; appointments of an earlier one are void.
  var coordinatorLife = 0
  /// SHA-256 by file name.
  package internal(set) var files: [String: String] = [:]
  package internal(set) var metadata: [Receipt] = []
  package internal(set) var errors: [DeadItem] = []
  package internal(set) var verdict: Verdict?
  var abandoned: Set<Lease> = []

  // The workers' side.
  var hosts: [SimulatedHost]
  var hostOfWorker: [WorkerID: Int] = [:]

  // Clocks.
  /// Machines that are suspended, and until when.
  var sleeping: [Machine: FarmInstant] = [:]
  /// By how many seconds a machine's clock is behind, for having stood still.
  var lag: [Machine: Double] = [:]
  /// When the coordinator wants to be woken, by its own clock.
  var coordinatorWish: FarmInstant?
  /// Counts the alarms that were set: a new one takes the place of the last.
  var alarms = 0
  var coordinatorAlarm = 0
  /// Commits when the last life of the coordinator that came to its end did so.
  var commitsAtEnd = 0
  /// The lives since then.
  var lives: [FormerLife] = []
  var isMended = false

  // What happened.
  /// How often the renderer threw on an item, or its artifact arrived damaged.
  package internal(set) var faults: [ItemKey: Int] = [:]
  /// How often an item was short of something on the way to its result.
  var shortages: [ItemKey: Int] = [:]
  package internal(set) var problems: [String] = []
  /// How often each item was rendered to the end.
  package internal(set) var renderings: [ItemKey: Int] = [:]
  package internal(set) var coordinatorCrashes = 0
  package internal(set) var workerCrashes = 0
  package internal(set) var stops = 0
  /// Orders given and answered.
  package internal(set) var answers: [OrderAnswer] = []
  package internal(set) var suspensions = 0
  package internal(set) var preemptions = 0
  package internal(set) var namesReused = 0
  package internal(set) var notices: [FarmNotice] = []
  package internal(set) var events = 0
  /// Kills the coordinator at its n-th commit, counted from 1: just before it, or just after it.
  package var dieAtWrite: (number: Int, isCommitted: Bool)?
  var writes = 0
  /// Prints each event and its instructions when set; for finding out.
  package var trace: ((String) -> Void)?

  struct Appointment: Comparable {
    let at: FarmInstant
    let sequence: Int
    let action: Action

    static func < (left: Appointment, right: Appointment) -> Bool {
      (left.at, left.sequence) < (right.at, right.sequence)
    }
    static func == (left: Appointment, right: Appointment) -> Bool { left.sequence == right.sequence }
  }

  enum Machine: Hashable, Sendable {
    case coordinator
    case host(Int)
  }

  enum Action: Sendable {
    case startCoordinator
    case wakeCoordinator(life: Int, alarm: Int)
    case stopCoordinator
    case order
    case resume
    case reachCoordinator(WorkerMessage, from: WorkerID)
    case collected(Receipt, from: WorkerID, life: Int)
    case startWorker(host: Int)
    case wakeWorker(host: Int, process: Int, alarm: Int)
    case connectWorker(host: Int, process: Int)
    case reachWorker(CoordinatorMessage, WorkerID)
    case rendered(Item, Lease, shard: UInt64, host: Int, process: Int)
    case kept(Receipt, host: Int, process: Int)
    case renderEnded(shard: UInt64, host: Int, process: Int)
    case partition(host: Int)
    case mend(host: Int)
    case preempt(host: Int)
    case suspend(Machine)
  }

  package init(_ plan: SimulationPlan) {
    self.plan = plan
    source = ItemArray((0..<plan.items).map { Item.sample($0 + 1) })
    random = SeededGenerator(seed: plan.seed &* 0x9E37_79B9 &+ 1)
    hosts = (0..<plan.hosts).map { SimulatedHost(number: $0) }
  }

  /// Lives the night through and returns what went wrong, one line each; nothing is as it should be.
  package func run(longestSeconds: Double = 200_000, mostEvents: Int = 400_000) -> [String] {
    book(.startCoordinator, in: 0)
    for host in hosts.indices {
      book(.startWorker(host: host), in: chance() * 5)
      if plan.partitionEvery.isFinite { book(.partition(host: host), in: chance() * plan.partitionEvery) }
      if plan.preemptEvery.isFinite { book(.preempt(host: host), in: chance() * plan.preemptEvery) }
    }
    if plan.suspendEvery.isFinite {
      for machine in [.coordinator] + hosts.indices.map(Machine.host) {
        book(.suspend(machine), in: chance() * plan.suspendEvery)
      }
    }
    if plan.orderEvery.isFinite { book(.order, in: chance() * plan.orderEvery) }
    if plan.stopEvery.isFinite { book(.stopCoordinator, in: plan.stopEvery) }
    while verdict?.outcome != .complete, problems.isEmpty {
      guard !agenda.isEmpty else {
        problems.append("stuck: nothing will ever happen again, \(coordinator?.counts ?? ItemCounts())")
        break
      }
      let next = agenda.removeFirst()
      now = max(now, next.at)
      if let machine = machine(of: next.action), let end = sleeping[machine], end > now {
        book(next.action, at: end)
        continue
      }
      events += 1
      perform(next.action)
      if now.seconds(since: .zero) > longestSeconds || events > mostEvents {
        problems.append("does not end: \(events) events, \(now), \(coordinator?.counts ?? ItemCounts())")
      }
    }
    if problems.isEmpty { problems += outcomeProblems() }
    return problems
  }

  private func perform(_ action: Action) {
    switch action {
    case .startCoordinator: startCoordinator()
    case .wakeCoordinator(let life, let alarm): wakeCoordinator(life, alarm)
    case .stopCoordinator:
      if !isCalm {
        tell(.stopRequested)
        book(.stopCoordinator, in: chance() * plan.stopEvery)
      }
    case .order: giveOrder()
    case .resume: resumeRun()
    case .reachCoordinator(let message, let worker): tell(.messageReceived(message, from: worker))
    case .collected(let receipt, let worker, let life): endCollection(receipt, worker, life)
    case .startWorker(let host): startWorker(host)
    case .wakeWorker(let host, let process, let alarm): wakeWorker(host, process, alarm)
    case .connectWorker(let host, let process): tell(host, process, .started)
    case .reachWorker(let message, let worker): tell(worker, .messageReceived(message))
    case .rendered(let item, let lease, let shard, let host, let process):
      endItem(item, lease, shard, host, process)
    case .kept(let receipt, let host, let process): tell(host, process, .itemFinished(receipt))
    case .renderEnded(let shard, let host, let process): endRender(shard, host, process)
    case .partition(let host):
      hosts[host].cut = isCalm ? nil : plan.cuts.randomElement(using: &random)
      book(.mend(host: host), in: chance() * 60)
    case .mend(let host):
      hosts[host].cut = nil
      if !isCalm { book(.partition(host: host), in: chance() * plan.partitionEvery) }
    case .preempt(let host): preempt(host)
    case .suspend(let machine): suspend(machine)
    }
  }

  /// Whose hands an action needs; nil for what befalls the world.
  private func machine(of action: Action) -> Machine? {
    switch action {
    case .startCoordinator, .wakeCoordinator, .stopCoordinator, .order, .resume, .reachCoordinator, .collected:
      .coordinator
    case .startWorker(let host), .wakeWorker(let host, _, _), .connectWorker(let host, _),
      .rendered(_, _, _, let host, _), .kept(_, let host, _), .renderEnded(_, let host, _):
      .host(host)
    case .reachWorker(_, let worker): hostOfWorker[worker].map(Machine.host)
    case .partition, .mend, .preempt, .suspend: nil
    }
  }

  // MARK: Chance and time

  var isCalm: Bool { now.seconds(since: .zero) >= plan.calmAfterSeconds }
  /// 0 ..< 1.
  func chance() -> Double { Double.random(in: 0..<1, using: &random) }
  func happens(_ probability: Double) -> Bool { !isCalm && probability > 0 && chance() < probability }

  func book(_ action: Action, in seconds: Double) { book(action, at: now + seconds) }

  func book(_ action: Action, at instant: FarmInstant) {
    sequence += 1
    agenda.insert(Appointment(at: instant, sequence: sequence, action: action))
  }

  /// Sends a message over the network to or from a host: it may get lost, doubled, and overtaken.
  func carry(_ action: Action, host: Int) {
    let cut = hosts[host].cut
    let isInbound = if case .reachCoordinator = action { true } else { false }
    if cut == .both || cut == (isInbound ? .toCoordinator : .toWorker) || happens(plan.loss) { return }
    for _ in 0..<(happens(plan.doubling) ? 2 : 1) {
      book(action, in: plan.delaySeconds * (plan.keepsOrder ? 1 : chance()))
    }
  }
}
