import Foundation
import Testing

/// The workers that `nocturne render` starts, at the end of a run.
@Suite(.serialized)
struct CrewTests {
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
