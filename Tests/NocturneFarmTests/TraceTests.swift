import NocturneFarm
import NocturneTesting
import Testing
import Foundation
@Suite struct TraceTests {
  @Test func trace() {
    guard let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) else { return }
    let sim = FarmSimulation(SimulationPlan(seed: seed))
    var n = 0
    let from = Int(ProcessInfo.processInfo.environment["FROM"] ?? "0")!
    print(SimulationPlan(seed: seed))
    sim.trace = { n += 1; if n > from && n < from + 400 { print($0.prefix(700)) } }
    print(sim.run(longestSeconds: 20_000))
  }
}
