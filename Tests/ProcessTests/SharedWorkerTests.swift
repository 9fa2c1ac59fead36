import Foundation
import Testing

/// One worker for several runs, the urgent one first.
struct SharedWorkerTests {
  @Test func theUrgentRunGetsTheWorkerAfterTheCurrentShardAndTheOtherOneGoesOn() throws {
    let work = try Workplace()
    defer { work.remove() }
    let patient = try coordinator(work, try work.captions(40, name: "patient.csv"), into: "patient")
    let endpoints = ["urgent", "patient"].flatMap { ["--connect", "ipc://" + work.path($0) + ".sock"] }
    let worker = try Binary.start(
      ["worker", "--model", Workplace.tinyModel.path, "--threads", "1", "--outbox", work.path("outbox")] + endpoints)
    #expect(eventually { work.finishedCount(of: "patient") >= 2 }, "the urgent run is not there yet: \(worker.errors)")

    // However long the urgent run takes to start, there must be something left for the patient one.
    worker.send(SIGSTOP)
    let urgent = try coordinator(work, try work.captions(4, name: "urgent.csv"), into: "urgent")
    let listens = eventually { FileManager.default.fileExists(atPath: work.path("urgent") + ".sock") }
    worker.send(SIGCONT)
    #expect(listens, "\(urgent.errors)")
    let first = try urgent.wait()
    #expect(first.status == 0, "\(first) \(worker.errors)")
    #expect(
      patient.isRunning && work.finishedCount(of: "patient") < 40, "the patient run was over first; make it longer")
    let second = try patient.wait()
    #expect(second.status == 0, "\(second) \(worker.errors)")
    #expect(work.finishedCount(of: "patient") == 40 && work.finishedCount(of: "urgent") == 4)
    let outcome = try worker.wait()
    #expect(outcome.status == 0, "\(outcome)")
    let attempts = try work.lines("patient", "metadata.jsonl").compactMap { $0["attempt"] as? Int }
    #expect(Set(attempts) == [1], "nothing was handed out twice")
  }

  /// Shards of two clips, so that there is a shard to wait for and something left afterwards.
  private func coordinator(_ work: Workplace, _ manifest: String, into run: String) throws -> RunningProcess {
    let job = try work.write(
      "\(run).yaml",
      """
      manifest: \(manifest)
      model: \(Workplace.tinyModel.path)
      out: \(work.path(run))
      seconds: 2
      steps: 2
      sharding: {maxItems: 2}
      endpoints: {listen: "ipc://\(work.path(run)).sock"}
      """)
    return try Binary.start(["coordinator", job])
  }
}
