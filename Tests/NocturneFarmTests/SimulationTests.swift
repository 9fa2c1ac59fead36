import Foundation
import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// Whole nights, simulated. A failure names its seed: `SimulationPlan(seed:)` is that night again.
///
/// Two environment variables choose the nights: `NOCTURNE_HISTORIES` how many (400), `NOCTURNE_SEED` the first of their
/// seeds (1). One night again: `NOCTURNE_HISTORIES=1 NOCTURNE_SEED=17 swift test --filter SimulationTests`.
@Suite struct SimulationTests {
  private static func number(_ name: String, otherwise standard: UInt64) -> UInt64 {
    guard let text = ProcessInfo.processInfo.environment[name] else { return standard }
    guard let number = UInt64(text) else { preconditionFailure("\(name) is '\(text)'; it must be a whole number") }
    return number
  }
  private static let histories = number("NOCTURNE_HISTORIES", otherwise: 400)
  private static let firstSeed = number("NOCTURNE_SEED", otherwise: 1)

  @Test func everyNightEndsWithEachItemAcceptedOnceOrReportedDead() {
    var seen: [String: Int] = [:]
    for seed in Self.firstSeed..<Self.firstSeed + Self.histories {
      let simulation = FarmSimulation(SimulationPlan(seed: seed))
      let problems = simulation.run()
      #expect(problems.isEmpty, "NOCTURNE_HISTORIES=1 NOCTURNE_SEED=\(seed): \(problems.prefix(3))")
      for (event, times) in simulation.happenings { seen[event, default: 0] += times }
    }
    print("\(Self.histories) nights from seed \(Self.firstSeed): \(seen.sorted { $0.key < $1.key })")
    // Otherwise these nights prove nothing.
    for event in FarmSimulation.everything where Self.histories >= 400 {
      #expect(seen[event, default: 0] >= 10, "\(event): \(seen[event] ?? 0) times in \(Self.histories) nights")
    }
  }

  @Test func aFarmWhoseModelIsBrokenStopsEarlyAndIsFinishedOnceItIsMended() {
    var plan = SimulationPlan(items: 40, hosts: 3)
    for host in 0..<3 { plan.sicknesses[host] = .fails(1) }
    let simulation = FarmSimulation(plan)
    #expect(simulation.run() == [])
    #expect(simulation.stops == 1)
    #expect(simulation.verdict?.counts == ItemCounts(done: 40), "nobody paid for it")
  }

  @Test func aSickMachineAmongSoundOnesCostsNoItem() {
    for sickness in [SimulationPlan.Sickness.fails(1), .fails(0.7)] {
      var plan = SimulationPlan(items: 200, hosts: 3)
      plan.sicknesses[1] = sickness
      let simulation = FarmSimulation(plan)
      #expect(simulation.run() == [])
      #expect(simulation.verdict?.counts == ItemCounts(done: 200))
      #expect(simulation.happenings["quarantines", default: 0] > 0)
      // It would have failed a third of them, or more.
      let faults = simulation.faults.values.reduce(0, +)
      #expect(faults < 60, "\(faults) of 200")
    }
  }

  @Test func theSameSeedIsTheSameNight() {
    let first = FarmSimulation(SimulationPlan(seed: 17))
    let second = FarmSimulation(SimulationPlan(seed: 17))
    #expect(first.run() == second.run())
    #expect(first.journal.transitions == second.journal.transitions)
    #expect(first.events == second.events)
  }

  @Test func aCalmNightRendersEverythingExactlyOnce() {
    for hosts in 1...5 {
      let simulation = FarmSimulation(SimulationPlan(items: 60, hosts: hosts))
      #expect(simulation.run() == [])
      #expect(simulation.renderings.count == 60 && simulation.renderings.values.allSatisfy { $0 == 1 })
      let released = simulation.journal.transitions.filter { if case .released = $0.change { true } else { false } }
      #expect(released.isEmpty)
    }
  }

  @Test func aPoisonItemIsFoundAloneAndNobodyElsePays() {
    for number in 1...16 {
      var plan = SimulationPlan(items: 16, hosts: 2, seed: UInt64(number))
      plan.policy.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 16, minItems: 16)
      let poison = Item.sample(number).key
      plan.troubles[poison] = .kills
      let simulation = FarmSimulation(plan)
      #expect(simulation.run() == [])
      #expect(simulation.errors.map(\.item) == [poison])
      let payers = simulation.journal.transitions.filter {
        if case .released(let release) = $0.change { release.costsTry } else { false }
      }
      #expect(Set(payers.map(\.item)).isSubset(of: [poison]), "\(payers)")
      // Shards begin at 4 of 16 items for 2 workers: two halvings, then three tries.
      #expect(simulation.workerCrashes - 2 <= 2 + 3, "\(simulation.workerCrashes)")
    }
  }

  @Test func troublesEndInTheirOwnWays() {
    for (trouble, failureClass) in [
      (SimulationPlan.Trouble.fails, FailureClass.itemFault), (.kills, .workerFault), (.hangs, .workerFault),
      (.isBad, .badItem),
    ] {
      var plan = SimulationPlan(items: 12, hosts: 2)
      plan.troubles[Item.sample(5).key] = trouble
      let simulation = FarmSimulation(plan)
      #expect(simulation.run() == [])
      #expect(simulation.errors.map(\.item) == [Item.sample(5).key])
      #expect(simulation.errors.map(\.failureClass) == [failureClass])
      #expect(simulation.verdict?.counts == ItemCounts(done: 11, dead: 1))
    }
  }

  @Test func aCrashAtEveryJournalWriteLosesNothing() {
    // One night without faults tells how many writes there are; then one night for each of them.
    let plan = SimulationPlan(items: 8, hosts: 2)
    let calm = FarmSimulation(plan)
    #expect(calm.run() == [])
    for write in 1...calm.journal.commits.count {
      for isCommitted in [false, true] {
        let simulation = FarmSimulation(plan)
        simulation.dieAtWrite = (write, isCommitted)
        #expect(simulation.run() == [], "write \(write), committed \(isCommitted)")
        #expect(simulation.coordinatorCrashes == 1)
        // Workers outlive the coordinator and keep what they rendered.
        let twice = simulation.renderings.values.filter { $0 > 1 }
        #expect(twice.isEmpty, "write \(write), committed \(isCommitted): \(twice.count) rendered again")
      }
    }
  }
}
