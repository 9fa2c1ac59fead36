import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire
import NocturneWorker
import Testing

/// Operators' verbs over a real socket and journal, on a run at work and on one that stands still.
@Suite struct OperatorTests {
  @Test func aRunIsPausedAndResumedWhileItWorks() throws {
    let night = Night(items: makeItems(40))
    let shift = night.coordinate()
    let hand = night.work(renderer: FakeRenderer(secondsPerItem: 0.01))
    try shift.waitForAnItem()
    let run = RunOperator(night.scratch.run)
    let (paused, isLive) = try run.give(.pause)
    #expect(isLive)
    guard case .paused(_, wasPaused: false) = paused else {
      Issue.record("\(paused)")
      return
    }
    #expect(try RunStatus(reading: night.scratch.run).pausedSince != nil)
    let places = try #require(try run.locate("row39"))
    #expect(places.map(\.why) == ["the run is paused by its operator; `nocturne resume` lets it go on"])
    guard case .resumed(_, wasPaused: true) = try run.give(.resume).answer else {
      Issue.record("not resumed")
      return
    }
    #expect(try shift.verdict().counts.done == 40)
    #expect(try hand.exit() == .finished)
    try night.expectComplete()
  }

  @Test func aPausedRunIsPausedForTheNextCoordinatorToo() throws {
    let night = Night(items: makeItems(3))
    let first = night.coordinate()
    try first.waitForTheStart()
    _ = try RunOperator(night.scratch.run).give(.pause)
    first.stop.request()
    #expect(try first.verdict().outcome == .stopped)
    let second = night.coordinate()
    try second.waitForTheStart()
    let hand = night.work()
    try second.wait { if case .notice(.workerJoined) = $0 { true } else { false } }
    #expect(try RunOperator(night.scratch.run).locate("row0")?.map(\.place) == [.waiting])
    _ = try RunOperator(night.scratch.run).give(.resume)
    #expect(try second.verdict().counts.done == 3)
    _ = try hand.exit()
  }

  @Test func drainEndsTheCoordinatorAsStopped() throws {
    let night = Night(items: makeItems(40))
    let shift = night.coordinate()
    let hand = night.work(renderer: FakeRenderer(secondsPerItem: 0.01))
    try shift.waitForAnItem()
    guard case (.draining, true) = try RunOperator(night.scratch.run).give(.drain) else {
      Issue.record("not drained")
      return
    }
    #expect(try shift.verdict().outcome == .stopped)
    #expect(try hand.exit() == .stopped)
    #expect(try RunOperator(night.scratch.run).give(.drain) == (.standing, false))
  }

  @Test func cancelledItemsAreReportedAndComeBackWhenAsked() throws {
    let night = Night(items: makeItems(6))
    let shift = night.coordinate()
    try shift.waitForTheStart()
    let run = RunOperator(night.scratch.run)
    #expect(try run.give(.cancel(.named(["row1", "row5"]))) == (.cancelled(items: 2), true))
    #expect(night.scratch.lines(night.scratch.run.errors).count == 2)
    let hand = night.work()
    #expect(try shift.verdict().counts == ItemCounts(done: 4, cancelled: 2))
    _ = try hand.exit()
    #expect(night.scratch.text(night.scratch.run.document).contains("complete with cancelled items"))
    // The run stands still now.
    #expect(try run.give(.pause) == (.refused("the run is over: every item is decided"), false))
    #expect(try run.give(.retry(.named(["row5"]))) == (.retried(items: 1), false))
    #expect(night.scratch.lines(night.scratch.run.errors).count == 1)
    #expect(night.scratch.text(night.scratch.run.document).contains("\"verdict\" : \"stopped\""))
    #expect(try run.give(.cancel(.named(["row5"]))) == (.cancelled(items: 1), false))
    #expect(try run.give(.retry(.ended(.cancelled))) == (.retried(items: 2), false))
    let again = night.coordinate()
    _ = night.work()
    #expect(try again.verdict().counts == ItemCounts(done: 6))
    try night.expectComplete()
    #expect(night.scratch.lines(night.scratch.run.errors).isEmpty)
  }

  /// A result that was on its way to its name when its item was cancelled, and the coordinator killed.
  @Test func audioOfACancelledItemIsTakenAway() throws {
    let night = Night(items: makeItems(2))
    let shift = night.coordinate()
    try shift.waitForTheStart()
    shift.stop.request()
    _ = try shift.verdict()
    #expect(try RunOperator(night.scratch.run).give(.cancel(.named(["row1"]))) == (.cancelled(items: 1), false))
    let file = night.scratch.run.audioFile("row1.flac")
    try Data("late".utf8).write(to: URL(fileURLWithPath: file))
    let next = night.coordinate()
    let hand = night.work()
    #expect(try next.verdict().counts == ItemCounts(done: 1, cancelled: 1))
    _ = try hand.exit()
    #expect(!FileManager.default.fileExists(atPath: file))
    #expect(try RunVerifier(directory: night.scratch.run).verify().isClean)
  }

  @Test func aStoppedRunIsCancelledWithAllThatWasNeverHandedOut() throws {
    let night = Night(items: makeItems(5))
    let shift = night.coordinate()
    try shift.waitForTheStart()
    shift.stop.request()
    _ = try shift.verdict()
    #expect(try RunOperator(night.scratch.run).give(.cancel(.all)) == (.cancelled(items: 5), false))
    let lines = night.scratch.text(night.scratch.run.errors)
    #expect(night.scratch.lines(night.scratch.run.errors).count == 5)
    #expect(try night.coordinate().verdict() == Verdict(outcome: .complete, counts: ItemCounts(cancelled: 5)))
    #expect(night.scratch.text(night.scratch.run.errors) == lines, "the journal says the same")
    #expect(try RunStatus(reading: night.scratch.run).counts == ItemCounts(cancelled: 5))
  }

  @Test func deadItemsAreRetriedOnARunThatIsOver() throws {
    let night = Night(items: makeItems(3))
    var policy = Night.policy
    policy.retry.limit = 1
    // Nobody is lost for being slow on a busy machine: the history is compared whole.
    policy.liveness.timeoutHeartbeats = 1000
    let shift = night.coordinate(policy: policy)
    _ = night.work(renderer: FakeRenderer(faults: ["row2": RenderFault(.itemFault, "it threw")]))
    #expect(try shift.verdict().counts == ItemCounts(done: 2, dead: 1))
    let run = RunOperator(night.scratch.run)
    #expect(try run.give(.retry(.ended(.workerFault))) == (.retried(items: 0), false))
    #expect(try run.give(.retry(.all)) == (.retried(items: 1), false))
    let again = night.coordinate(policy: policy)
    _ = night.work("two")
    #expect(try again.verdict().counts == ItemCounts(done: 3))
    try night.expectComplete()
    let story = try #require(try ItemStory.read("row2", of: night.scratch.run).first)
    #expect(story.place.place == .done && !story.isLive)
    let changes = story.lines.map { String("\($0.transition.change)".prefix { $0 != "(" }) }
    #expect(changes == ["leased", "died", "reopened", "leased", "done"], "the history is kept")
  }

  @Test func whoeverAsksForWhatIsNotThereHearsIt() throws {
    let night = Night(items: makeItems(2))
    let nowhere = RunDirectory(night.scratch.path + "/nowhere")
    #expect(throws: RunError.self) { try RunOperator(nowhere).give(.pause) }
    #expect(throws: RunError.self) { try ItemStory.read("row0", of: nowhere) }
    let shift = night.coordinate(rejected: [RejectedRow(id: "row9", message: "night.csv:3: empty caption")])
    try shift.waitForTheStart()
    #expect(
      try RunOperator(night.scratch.run).give(.cancel(.named(["x"]))) == (.refused("the run has no item 'x'"), true))
    shift.stop.request()
    _ = try shift.verdict()
    #expect(
      try RunOperator(night.scratch.run).give(.retry(.named(["x"]))) == (.refused("the run has no item 'x'"), false))
    let fault = #expect(throws: RunError.self) { try ItemStory.read("row9", of: night.scratch.run) }
    #expect(fault?.message == "the row 'row9' never became an item: night.csv:3: empty caption")
  }

  @Test func aCoordinatorThatDoesNotAnswerIsNamed() throws {
    let night = Night(items: makeItems(2))
    let shift = night.coordinate()
    try shift.waitForTheStart()
    shift.stop.request()
    _ = try shift.verdict()
    // Somebody has the run and hears nothing, as a coordinator that waits for room on the disk.
    let lock = try night.scratch.run.takeLock()
    var run = RunOperator(night.scratch.run)
    run.patienceSeconds = 0.3
    let fault = #expect(throws: RunError.self) { try run.give(.pause) }
    #expect(fault?.code == .unresponsive && fault?.exitStatus == 69)
    withExtendedLifetime(lock) {}
  }

  @Test func aDeepRunDirectoryHasItsSocketElsewhere() throws {
    let night = Night(items: makeItems(1))
    let deep = RunDirectory(night.scratch.path + "/" + String(repeating: "deep/", count: 30) + "run")
    try deep.prepare()
    let path = try deep.controlSocket()
    #expect(path.hasPrefix("/tmp/nocturne-") && path.utf8.count < 108)
    #expect(try deep.controlSocket() == path)
  }
}
