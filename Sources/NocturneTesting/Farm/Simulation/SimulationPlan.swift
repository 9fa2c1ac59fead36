package import NocturneFarm
package import NocturneManifest

/// What a simulated night is like. Everything follows from the seed, unless a test changes it.
package struct SimulationPlan: Sendable {
  package var seed: UInt64
  package var items: Int
  package var hosts: Int
  package var policy: FarmPolicy
  package var workerPolicy: WorkerPolicy
  /// How the items that make trouble do it.
  package var troubles: [ItemKey: Trouble]

  /// Chance that a message gets lost.
  package var loss: Double
  /// Chance that a message arrives twice.
  package var doubling: Double
  /// Longest way of a message, seconds.
  package var delaySeconds: Double
  /// Whether all ways take equally long; else they are drawn from 0 to the longest, and messages overtake each other.
  package var keepsOrder: Bool
  /// Chance that a rendered item takes its worker process down (innocently).
  package var workerCrash: Double
  /// Chance, at each commit to the journal, that the coordinator dies just before or just after it.
  package var coordinatorCrash: Double
  /// Chance that storing an artifact finds the disk full.
  package var diskFull: Double
  /// Chance that an artifact is damaged on its way.
  package var damage: Double
  /// Seconds between two partitions of one host from the coordinator; infinity for none.
  package var partitionEvery: Double
  /// Seconds between two requests to stop the coordinator; it is started again afterwards. Infinity for none.
  package var stopEvery: Double
  /// Longest time between two orders of the operator; infinity for none.
  package var orderEvery: Double
  /// Which way partitions cut.
  package var cuts: [Cut]
  /// Seconds between two suspensions of one machine (the coordinator's included); infinity for none. Its monotonic clock
  /// stands still meanwhile, or has leapt when it wakes.
  package var suspendEvery: Double
  /// Longest time, seconds, that an artifact takes onto the coordinator's disk or into an outbox, or that a commit keeps
  /// the coordinator from everything else.
  package var diskSeconds: Double
  /// Seconds between two signals to one worker to stop; it is started again afterwards. Infinity for none.
  package var preemptEvery: Double
  /// Longest allocation of a worker process, known to it; infinity for none.
  package var allocationSeconds: Double
  /// Chance that a process comes back under the name of its predecessor.
  package var identityReuse: Double
  /// Machines that are not sound, by number.
  package var sicknesses: [Int: Sickness]
  /// Faults cease then (items go on making trouble), and the night has to end.
  package var calmAfterSeconds: Double
  package var secondsPerItem: Double

  package enum Trouble: Hashable, Sendable, CaseIterable {
    /// The renderer throws each time.
    case fails
    /// Takes the whole process down.
    case kills
    /// Makes no progress until it is called off.
    case hangs
    /// The worker says that the row itself is wrong.
    case isBad
  }

  package enum Cut: Hashable, Sendable, CaseIterable {
    case both
    /// The worker hears nothing, and is heard.
    case toWorker
    /// The worker hears everything, and nothing of it arrives: its replies are lost while the work goes on.
    case toCoordinator
  }

  package enum Sickness: Hashable, Sendable {
    /// The renderer throws with this chance, whatever the item.
    case fails(Double)
    /// Every artifact is sound and has other bytes than it should.
    case alters
  }

  /// A calm night.
  package init(items: Int, hosts: Int, seed: UInt64 = 1) {
    self.seed = seed
    self.items = items
    self.hosts = hosts
    policy = FarmPolicy()
    policy.sharding = ShardingPolicy(targetSeconds: 20, maxItems: 8, minItems: 1)
    policy.liveness.stallFloorSeconds = 60
    workerPolicy = WorkerPolicy()
    workerPolicy.connectSeconds = nil
    troubles = [:]
    loss = 0
    doubling = 0
    delaySeconds = 0.01
    keepsOrder = true
    workerCrash = 0
    coordinatorCrash = 0
    diskFull = 0
    damage = 0
    partitionEvery = .infinity
    stopEvery = .infinity
    orderEvery = .infinity
    cuts = [.both]
    suspendEvery = .infinity
    diskSeconds = 0
    preemptEvery = .infinity
    allocationSeconds = .infinity
    identityReuse = 0
    sicknesses = [:]
    calmAfterSeconds = 0
    secondsPerItem = 2
  }

  /// A night of its own kind for each seed.
  package init(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    self.init(items: Int.random(in: 1...40, using: &random), hosts: Int.random(in: 1...5, using: &random), seed: seed)
    calmAfterSeconds = 600
    func chance(_ most: Double) -> Double {
      Bool.random(using: &random) ? Double.random(in: 0...most, using: &random) : 0
    }
    loss = chance(0.2)
    doubling = chance(0.2)
    delaySeconds = Double.random(in: 0.001...3, using: &random)
    keepsOrder = false
    workerCrash = chance(0.1)
    coordinatorCrash = chance(0.1)
    diskFull = chance(0.1)
    damage = chance(0.05)
    if Bool.random(using: &random) { partitionEvery = Double.random(in: 20...200, using: &random) }
    if Int.random(in: 0..<4, using: &random) == 0 { stopEvery = Double.random(in: 20...300, using: &random) }
    secondsPerItem = Double.random(in: 0.1...8, using: &random)
    policy.retry.limit = Int.random(in: 1...5, using: &random)
    policy.sharding.maxItems = Int.random(in: 1...16, using: &random)
    policy.sharding.minItems = Int.random(in: 1...policy.sharding.maxItems, using: &random)
    policy.credit = Int.random(in: 1...3, using: &random)
    policy.uncollectedLimit = Int.random(in: 1...8, using: &random)
    workerPolicy.credit = policy.credit
    makeRough(&random)
    for number in 1...items where Int.random(in: 0..<12, using: &random) == 0 {
      troubles[Item.sample(number).key] = Trouble.allCases.randomElement(using: &random)
    }
    if Int.random(in: 0..<3, using: &random) == 0 { orderEvery = Double.random(in: 10...200, using: &random) }
  }

  /// What befalls machines rather than messages; each kind in some nights only.
  private mutating func makeRough(_ random: inout SeededGenerator) {
    func isRough() -> Bool { Int.random(in: 0..<3, using: &random) == 0 }
    cuts = Cut.allCases
    if isRough() { suspendEvery = Double.random(in: 30...300, using: &random) }
    if isRough() { diskSeconds = Double.random(in: 0.1...20, using: &random) }
    if isRough() { preemptEvery = Double.random(in: 30...300, using: &random) }
    if isRough() { allocationSeconds = Double.random(in: 10...300, using: &random) }
    if isRough() { identityReuse = Double.random(in: 0.1...1, using: &random) }
    // Also at once: what is late then meets the next attempt.
    policy.retry.backoffSeconds = [0, 0.5, 5].randomElement(using: &random) ?? 5
    policy.quarantine.failures = Int.random(in: 0...3, using: &random)
    policy.quarantine.probeSeconds = Double.random(in: 5...60, using: &random)
    policy.earlyStop.items = Int.random(in: 0...8, using: &random)
    policy.hedging.multiple = [0, 1.2, 2].randomElement(using: &random) ?? 0
    policy.hedging.floorSeconds = Double.random(in: 1...10, using: &random)
    if isRough() { policy.failures.shortage = .try }
    if Int.random(in: 0..<16, using: &random) == 0 {
      // A model that is broken everywhere.
      for host in 0..<hosts { sicknesses[host] = .fails(1) }
      return
    }
    for host in 0..<hosts where hosts > 1 && Int.random(in: 0..<5, using: &random) == 0 {
      sicknesses[host] = Bool.random(using: &random) ? .alters : .fails(Double.random(in: 0.3...1, using: &random))
    }
  }
}
