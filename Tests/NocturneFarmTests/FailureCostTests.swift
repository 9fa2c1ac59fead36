import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// The table of farm.md, as data: each class, and what the job file may make of it.
@Suite struct FailureCostTests {
  private func outcome(_ failureClass: FailureClass, _ cost: FailureCost) -> (releases: [Release], dead: Int) {
    var table = Table.open(items: 1) { $0.failures[failureClass] = cost }
    table.join("a")
    let told = table.say(.failed(lease(1, token: 1), failureClass, message: "it broke"), "a")
    return (told.releases, table.state.counts.dead)
  }

  @Test(arguments: FailureClass.allCases)
  func eachClassCostsWhatTheTableSays(_ failureClass: FailureClass) {
    for cost in FailureCosts.choices(for: failureClass) {
      let found = outcome(failureClass, cost)
      switch cost {
      case .dead: #expect(found.dead == 1 && found.releases.isEmpty)
      case .try: #expect(found.dead == 0 && found.releases.map(\.costsTry) == [true])
      case .free: #expect(found.dead == 0 && found.releases.map(\.costsTry) == [false])
      }
    }
  }

  @Test func theDefaultsAreThoseOfTheContract() {
    let costs = FailureCosts()
    #expect(
      FailureClass.allCases.map { costs[$0] } == [.dead, .try, .try, .free, .free, .free, .free],
      "bad item, item fault, worker fault, shortage, infrastructure, preempted, cancelled")
    for failureClass in FailureClass.allCases {
      #expect(FailureCosts.choices(for: failureClass).contains(costs[failureClass]))
    }
  }

  @Test func aShortageThatCostsATryPausesTheWorkerAllTheSame() {
    var table = Table.open(items: 1) { $0.failures.shortage = .try }
    table.join("a")
    let told = table.say(.failed(lease(1, token: 1), .shortage, message: "out of memory"), "a")
    #expect(told.releases.map(\.costsTry) == [true])
    #expect(table.state.workers.map(\.isPaused) == [true])
  }

  @Test func aWorkerFaultThatIsDeadlyStillSparesWhoRodeAlong() {
    var table = Table.open(items: 16) { policy in
      policy.sharding = ShardingPolicy(targetSeconds: 60, maxItems: 4, minItems: 4)
      policy.failures.workerFault = .dead
    }
    table.join("a", credit: 1)
    table.beat("a", executing: (1...4).map { lease($0, token: UInt64($0)) })
    table.pass(21)
    #expect(table.state.counts.dead == 0)
  }
}
