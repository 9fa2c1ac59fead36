import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire
import NocturneWorker
import Testing

@Suite struct NightTests {
  @Test func threeWorkersRenderTwoHundredItems() throws {
    let night = Night(items: makeItems(200))
    let shift = night.coordinate()
    let hands = (0..<3).map { night.work("\($0)", renderer: FakeRenderer(gate: { night.awaitWorkers(3) })) }
    let verdict = try shift.verdict()
    #expect(verdict == Verdict(outcome: .complete, counts: ItemCounts(done: 200)))
    for hand in hands { #expect(try hand.exit() == .finished) }
    try night.expectComplete()
    let done = shift.events.compactMap { if case .itemDone(let receipt) = $0 { receipt.lease.item } else { nil } }
    #expect(done.count == 200)
    #expect(Set(done).count == 200)
    #expect(night.scratch.text(night.scratch.run.document).contains("\"verdict\" : \"complete\""))
  }

  @Test func largeArtifactsTravelInPieces() throws {
    let night = Night(items: makeItems(6))
    let shift = night.coordinate()
    let hand = night.work(renderer: FakeRenderer(bytes: 700_001))
    #expect(try shift.verdict().counts.done == 6)
    #expect(try hand.exit() == .finished)
    try night.expectComplete(bytes: 700_001)
  }

  /// A message that the other side refuses for its size would be sent again for ever.
  @Test func captionsThatAreTooLongForOneGrantTravelInSeveral() throws {
    let night = Night(items: makeItems(12, caption: String(repeating: "slow ", count: 600)))
    var policy = Night.policy
    policy.sharding = ShardingPolicy(targetSeconds: 1e9, maxItems: 12, minItems: 12)
    let shift = night.coordinate(policy: policy, grantBytes: 10_000)
    let renderer = FakeRenderer()
    let hand = night.work(renderer: renderer)
    #expect(try shift.verdict().counts.done == 12)
    #expect(try hand.exit() == .finished)
    #expect(renderer.log.shards.max() == 2, "\(renderer.log.shards)")
    try night.expectComplete()
  }

  @Test func doneRunEndsAtOnceWithoutWorkers() throws {
    let night = Night(items: makeItems(3))
    let shift = night.coordinate()
    _ = night.work()
    _ = try shift.verdict()
    let before = night.scratch.text(night.scratch.run.metadata)
    #expect(try night.coordinate().verdict() == Verdict(outcome: .complete, counts: ItemCounts(done: 3)))
    #expect(night.scratch.text(night.scratch.run.metadata) == before)
    // Nor does it wait for those of its former life, who were told.
    let again = night.coordinate()
    _ = try again.verdict()
    #expect(!again.notices.contains { if case .awaitingWorkers = $0 { true } else { false } })
  }

  @Test func itemThatAlwaysFailsIsDeadAndTheRestIsRendered() throws {
    let night = Night(items: makeItems(5))
    var policy = Night.policy
    policy.retry.limit = 2
    let shift = night.coordinate(
      policy: policy, rejected: [RejectedRow(id: nil, message: "night.csv:3: empty caption")])
    let renderer = FakeRenderer(faults: ["row3": RenderFault(.itemFault, "the muse is \"silent\"")])
    _ = night.work(renderer: renderer)
    let verdict = try shift.verdict()
    #expect(verdict.counts == ItemCounts(done: 4, dead: 1))
    let document = night.scratch.text(night.scratch.run.document)
    #expect(document.contains("\"verdict\" : \"complete with dead items\""))
    #expect(document.contains("\"rejected_rows\" : 1"))
    let errors = night.scratch.lines(night.scratch.run.errors)
    #expect(errors.count == 2)
    #expect(errors.first?.contains("\"class\":\"bad-item\",\"message\":\"night.csv:3: empty caption\"") == true)
    #expect(
      errors.last?.hasPrefix(
        #"{"id":"row3","take":1,"class":"item-fault","message":"the muse is \"silent\"","attempts":2,"workers":["#)
        == true)
    #expect(errors.last?.contains("\"workers\":[]") == false)
    // The same again from the journal.
    let text = night.scratch.text(night.scratch.run.errors)
    try FileManager.default.removeItem(atPath: night.scratch.run.errors)
    _ = try night.coordinate(
      policy: policy, rejected: [RejectedRow(id: nil, message: "night.csv:3: empty caption")]
    ).verdict()
    #expect(night.scratch.text(night.scratch.run.errors) == text)
  }

  @Test func stoppedRunIsFinishedByTheSameCommand() throws {
    let night = Night(items: makeItems(40))
    let first = night.coordinate()
    let slow = night.work(renderer: FakeRenderer(secondsPerItem: 0.01))
    try first.waitForAnItem()
    first.stop.request()
    let verdict = try first.verdict()
    #expect(verdict.outcome == .stopped)
    #expect(verdict.counts.done < 40)
    #expect(try slow.exit() == .stopped)
    let second = night.coordinate()
    let hand = night.work()
    #expect(try second.verdict().outcome == .complete)
    #expect(try hand.exit() == .finished)
    try night.expectComplete()
  }

  @Test func inspectorsVerdictCountsAsAFault() throws {
    let night = Night(items: makeItems(3))
    var policy = Night.policy
    policy.retry.limit = 1
    let shift = night.coordinate(
      policy: policy,
      inspector: { file, item, fingerprint in
        #expect(fingerprint == FakeRenderer().modelFingerprint)
        #expect(FileManager.default.fileExists(atPath: file.path))
        let frames = item.key.row == "row1" ? 1 : 24_000
        return AudioFacts(
          sampleRate: 24_000, channels: 1, frames: frames, sha256: "", bytes: 0, peakDBFS: 0, rmsDBFS: 0,
          integratedLUFS: nil)
      })
    _ = night.work()
    #expect(try shift.verdict().counts == ItemCounts(done: 2, dead: 1))
    #expect(night.scratch.text(night.scratch.run.errors).contains("the receipt says 24000"))
  }

  @Test func workerOfAnotherModelIsRefused() throws {
    let night = Night(items: makeItems(1))
    let shift = night.coordinate()
    let stranger = night.work("stranger", renderer: FakeRenderer(modelFingerprint: "other"))
    guard case .refused(let reason) = try stranger.exit() else {
      Issue.record("not refused")
      return
    }
    #expect(reason.contains("model other"))
    _ = night.work()
    #expect(try shift.verdict().counts.done == 1)
  }

  @Test func heartBeatsWhileTheRendererIsDeaf() throws {
    let night = Night(items: makeItems(1))
    var policy = Night.policy
    policy.liveness.timeoutHeartbeats = 20
    let shift = night.coordinate(policy: policy)
    // Twice as long as the silence after which it would be given up.
    let renderer = FakeRenderer(secondsPerItem: 2)
    _ = night.work(renderer: renderer)
    #expect(try shift.verdict().counts.done == 1)
    #expect(!shift.notices.contains { if case .workerLost = $0 { true } else { false } })
    #expect(renderer.log.rendered.count == 1)
  }

  /// The I/O thread is held up for longer than the silence after which the worker would be given up.
  @Test func heartBeatsWhileInputAndOutputAreStuck() throws {
    let night = Night(items: makeItems(1))
    var policy = Night.policy
    policy.liveness.timeoutHeartbeats = 20
    let shift = night.coordinate(policy: policy)
    let hand = night.work(
      renderer: FakeRenderer(secondsPerItem: 0.3),
      notify: { line in if line.hasPrefix("stopping") { Thread.sleep(forTimeInterval: 2) } })
    try shift.wait { if case .progress(let now) = $0 { now.workers.contains { $0.executing > 0 } } else { false } }
    hand.stop.request()
    #expect(try shift.verdict().counts.done == 1)
    #expect(!shift.notices.contains { if case .workerLost = $0 { true } else { false } })
  }

  @Test func statusAndVerifySeeALiveRun() throws {
    let night = Night(items: makeItems(30))
    let shift = night.coordinate()
    let seen = DispatchSemaphore(value: 0)
    let renderer = FakeRenderer(
      secondsPerItem: 0.01,
      gate: {
        // Of a shard after the first ones: the run lives until everybody has looked.
        if shift.events.contains(where: { if case .itemDone = $0 { true } else { false } }) {
          _ = seen.wait(timeout: .now() + 60)
          seen.signal()
        }
      })
    let hand = night.work(renderer: renderer)
    try shift.waitForAnItem()
    Thread.sleep(forTimeInterval: 0.06)
    let status = try RunStatus(reading: night.scratch.run)
    #expect(status.owner == Int(getpid()))
    #expect(status.counts.total == 30)
    #expect(status.counts.done > 0)
    #expect(status.live?.workers.count == 1)
    #expect(status.verdict == "running")
    #expect(try RunVerifier(directory: night.scratch.run).verify().isClean)
    let fault = #expect(throws: RunError.self) { try RunVerifier(directory: night.scratch.run).verify(repair: true) }
    #expect(fault?.code == .locked, "a repair would write a live run's journal")
    seen.signal()
    _ = try shift.verdict()
    _ = try hand.exit()
    let after = try RunStatus(reading: night.scratch.run)
    #expect(after.owner == nil)
    #expect(after.live == nil)
    #expect(after.counts == ItemCounts(done: 30))
    #expect(after.verdict == "complete")
  }
}
