import Foundation
import Testing

/// The workers that `nocturne render` starts, at the end of a run.
@Suite(.serialized)
struct CrewTests {
  /// Something that is no folder lies where the workers of these numbers want their outboxes.
  private func block(_ workers: [Int], in work: Workplace) throws {
    let state = work.path("run/state")
    try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
    for number in workers { try work.write("run/state/outbox-\(number)", "no folder") }
  }

  @Test func oneWorkerThatCannotLiveLeavesTheRunToTheOthers() throws {
    let work = try Workplace()
    defer { work.remove() }
    try block([1], in: work)
    let arguments = work.renderArguments(try work.captions(60), into: "run", more: ["--seconds", "4", "--quiet"])
    let outcome = try Binary.run(arguments)
    #expect(outcome.status == 0, "\(outcome)")
    #expect(work.finishedCount(of: "run") == 60)
    let complaints = outcome.errorLines.filter { $0.contains("worker 1 died 5 times as soon as it was started") }
    #expect(complaints.count == 1 && complaints.first?.contains("outbox-1") == true, "\(outcome)")
  }

  @Test func workersOfWhichNoneCanLiveEndTheRunWithTheReason() throws {
    let work = try Workplace()
    defer { work.remove() }
    try block([1, 2], in: work)
    let outcome = try Binary.run(work.renderArguments(try work.captions(4), into: "run"))
    #expect(outcome.status == 73, "\(outcome)")
    #expect(outcome.errorLines.last?.contains("died 5 times as soon as it was started") == true, "\(outcome)")
    #expect(outcome.errorLines.last?.contains("/state/outbox-") == true, "\(outcome)")
  }

  /// One of the workers that leave is this life's own, and one outlived the coordinator before it.
  @Test func workersThatLeaveACompleteRunHaveNoSuccessors() throws {
    let work = try Workplace()
    defer { work.remove() }
    let job = try work.write(
      "job.yaml",
      """
      manifest: \(try work.captions(40))
      out: \(work.path("run"))
      model: \(Workplace.tinyModel.path)
      workers: 2
      threads: 1
      seconds: 2
      steps: 2
      liveness:
        heartbeatSeconds: 1
        timeoutHeartbeats: 20
        graceSeconds: 5
        partingSeconds: 3
      """)
    let first = try Binary.start(["render", job])
    #expect(eventually { work.finishedCount(of: "run") >= 4 }, "\(first.errors)")
    let victim = try #require(first.children.first, "no worker process to kill")
    let survivor = try #require(first.children.last)
    first.send(SIGKILL)
    kill(victim, SIGKILL)
    try first.wait()
    #expect(work.finishedCount(of: "run") < 40, "the run was over before the coordinator was killed; make it longer")

    let second = try Binary.start(["render", job])
    var crew: Set<pid_t> = []
    // For the worker that was killed, the run stays when it is complete.
    #expect(
      eventually {
        crew.formUnion(second.children)
        return second.errors.contains("complete; staying")
      }, "\(second.errors)")
    #expect(crew.count == 1 && !crew.contains(survivor), "\(crew)")
    var late: Set<pid_t> = []
    while second.isRunning {
      late.formUnion(second.children)
      usleep(5_000)
    }
    #expect(late.isSubset(of: crew), "started for a run that was complete: \(late.subtracting(crew))")
    #expect(try second.wait().status == 0)
    #expect(kill(survivor, 0) != 0, "a worker that outlived its coordinator has not left")
  }
}
