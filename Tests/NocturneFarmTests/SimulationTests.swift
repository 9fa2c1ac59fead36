import NocturneFarm
import NocturneTesting
import Testing

/// Whole nights, simulated. A failure names its seed: `SimulationPlan(seed:)` is that night again.
@Suite struct SimulationTests {
  @Test func everyNightEndsWithEachItemAcceptedOnceOrReportedDead() {
    for seed in 1...UInt64(2000) {
      let simulation = FarmSimulation(SimulationPlan(seed: seed))
      let problems = simulation.run()
      #expect(problems.isEmpty, "seed \(seed): \(problems.prefix(3))")
    }
  }
}
