import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// Whole nights, simulated. A failure names its seed: `SimulationPlan(seed:)` is that night again.
@Suite struct SimulationTests {
  @Test func everyNightEndsWithEachItemAcceptedOnceOrReportedDead() {
    var crashes = 0
    var stops = 0
    for seed in 1...UInt64(400) {
      let simulation = FarmSimulation(SimulationPlan(seed: seed))
      let problems = simulation.run()
      #expect(problems.isEmpty, "seed \(seed): \(problems.prefix(3))")
      crashes += simulation.coordinatorCrashes
      stops += simulation.stops
    }
    // Otherwise these nights prove nothing.
    #expect(crashes > 200 && stops > 50, "\(crashes) crashes, \(stops) stops")
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
