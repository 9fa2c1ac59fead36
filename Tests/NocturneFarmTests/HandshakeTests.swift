import NocturneFarm
import Testing

/// What a worker makes of a connection that does not come about.
struct HandshakeTests {
  @Test(arguments: [HandshakeFailure.keyNotAdmitted, .keysExpected, .keysUnexpected])
  func beingRefusedIsFinal(_ failure: HandshakeFailure) {
    var table = WorkerTable()
    table.handle(.started)
    let exits = table.handle(.handshakeFailed(failure)).compactMap {
      if case .exit(let exit) = $0 { exit } else { nil }
    }
    #expect(exits == [.refused(failure.description)])
    #expect(exits.first?.status == 69)
  }

  @Test func aHandshakeThatBreaksOffIsToldOnceAndNamedAtTheEndOfPatience() {
    var table = WorkerTable()
    table.handle(.started)
    var told: [String] = []
    for _ in 0..<3 {
      #expect(table.handle(.handshakeFailed(.brokenOff)).isEmpty)
      told += table.notices
    }
    #expect(told.count == 1)
    let end = table.pass(120)
    guard case .exit(.unreachable(let reason)) = end.last else {
      Issue.record("\(end)")
      return
    }
    #expect(reason.contains("--coordinator-key"))
  }

  @Test func aWelcomeForgetsTheFailure() {
    var table = WorkerTable { $0.orphanSeconds = 60 }
    table.handle(.started)
    table.handle(.handshakeFailed(.brokenOff))
    table.hear(.welcome(run: "night", heartbeatSeconds: 2, timeoutSeconds: 20))
    guard case .exit(.unreachable(let reason)) = table.pass(300).last else {
      Issue.record("still there")
      return
    }
    #expect(!reason.contains("--coordinator-key"))
  }
}
