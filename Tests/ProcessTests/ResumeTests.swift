import Foundation
import Testing

/// Promises 1 and 2 of farm.md with real processes: kill anything, lose nothing; same input, same bytes.
@Suite(.serialized)
struct ResumeTests {
  @Test func killedWorkerAndCoordinatorLeaveTheSameFilesAsAnUndisturbedRun() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(40)
    let calm = try Binary.run(work.renderArguments(manifest, into: "calm"))
    #expect(calm.status == 0, "\(calm)")
    let expected = try work.digests(of: "calm")
    #expect(expected.count == 40)

    let arguments = work.renderArguments(manifest, into: "stormy", more: ["--seconds", "4"])
    let reference = try Binary.run(work.renderArguments(manifest, into: "long", more: ["--seconds", "4"]))
    #expect(reference.status == 0, "\(reference)")

    let first = try Binary.start(arguments)
    #expect(eventually { work.finishedCount(of: "stormy") >= 4 }, "\(first.errors)")
    let victim = try #require(first.children.first, "no worker process to kill")
    kill(victim, SIGKILL)
    let killedAt = work.finishedCount(of: "stormy")
    #expect(eventually { work.finishedCount(of: "stormy") >= killedAt + 4 }, "\(first.errors)")
    first.send(SIGKILL)
    try first.wait()
    let kept = try work.digests(of: "stormy")
    #expect(kept.count < 40, "the run was over before the coordinator was killed; make it longer")

    let second = try Binary.run(arguments)
    #expect(second.status == 0, "\(second)")
    #expect(try work.digests(of: "stormy") == work.digests(of: "long"))
    let metadata = try work.lines("stormy", "metadata.jsonl")
    #expect(Set(metadata.compactMap { $0["file_name"] as? String }).count == 40)
    #expect(metadata.count == 40)
  }

  @Test func theSameCommandBesideItselfSaysWhoIsAtWork() throws {
    let work = try Workplace()
    defer { work.remove() }
    let arguments = work.renderArguments(try work.captions(40), into: "run", more: ["--seconds", "4"])
    let first = try Binary.start(arguments)
    #expect(eventually { work.finishedCount(of: "run") >= 1 }, "\(first.errors)")
    let second = try Binary.run(arguments)
    #expect(second.status == 73, "\(second)")
    let message = "another coordinator (process \(first.pid)) works on this run; stop it or choose another directory"
    #expect(second.errorLines.last?.contains(message) == true, "\(second)")
    #expect(try first.wait().status == 0)
  }

  @Test func bytesDoNotDependOnWorkersShardsOrThreads() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(20)
    var digests: [[String: String]] = []
    for (workers, threads, items) in [(1, 1, 1), (4, 1, 1), (1, 2, 16), (2, 1, 16)] {
      let run = "run-\(workers)-\(threads)-\(items)"
      let job = try work.write(
        "\(run).yaml",
        """
        manifest: \(manifest)
        out: \(work.path(run))
        model: \(Workplace.tinyModel.path)
        workers: \(workers)
        threads: \(threads)
        seconds: 1
        steps: 2
        sharding:
          maxItems: \(items)
        """)
      let outcome = try Binary.run(["render", job])
      #expect(outcome.status == 0, "\(outcome)")
      digests.append(try work.digests(of: run))
    }
    #expect(digests[0].count == 20)
    for other in digests.dropFirst() { #expect(other == digests[0]) }
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
  func aSignalledRunDrainsExitsWith75AndResumes(signal: Int32) throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(40)
    let arguments = work.renderArguments(manifest, into: "run", more: ["--seconds", "4"])
    let first = try Binary.start(arguments)
    #expect(eventually { work.finishedCount(of: "run") >= 2 }, "\(first.errors)")
    first.send(signal)
    let stopped = try first.wait()
    #expect(stopped.status == 75, "\(stopped)")
    #expect(work.finishedCount(of: "run") < 40)
    let left = try Binary.run(["status", work.path("run"), "--json"])
    let status = try JSONSerialization.jsonObject(with: Data(left.output.utf8)) as? [String: Any]
    #expect(status?["leased"] as? Int == 0, "what was at work was neither finished nor handed back: \(left)")
    let second = try Binary.run(arguments)
    #expect(second.status == 0, "\(second)")
    #expect(work.finishedCount(of: "run") == 40)
  }

  @Test func aFinishedRunIsNotRenderedAgain() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(4)
    #expect(try Binary.run(work.renderArguments(manifest, into: "run")).status == 0)
    let before = try modificationDates(work)
    #expect(try Binary.run(work.renderArguments(manifest, into: "run")).status == 0)
    #expect(try modificationDates(work) == before)
  }

  @Test func aDeletedAndADamagedFileAreRenderedAgainAfterVerify() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(6)
    #expect(try Binary.run(work.renderArguments(manifest, into: "run")).status == 0)
    let expected = try work.digests(of: "run")
    try FileManager.default.removeItem(atPath: work.path("run/audio/c001.flac"))
    var bytes = try Data(contentsOf: URL(filePath: work.path("run/audio/c002.flac")))
    bytes[bytes.count / 2] ^= 0x40
    try bytes.write(to: URL(filePath: work.path("run/audio/c002.flac")))

    let found = try Binary.run(["verify", work.path("run")])
    #expect(found.status != 0)
    #expect(found.output.contains("c001") && found.output.contains("c002"), "\(found)")
    #expect(!found.output.contains("c003"), "\(found)")
    let mended = try Binary.run(["verify", work.path("run"), "--repair"])
    #expect(mended.status != 0, "\(mended)")
    #expect(try Binary.run(work.renderArguments(manifest, into: "run")).status == 0)
    #expect(try work.digests(of: "run") == expected)
    #expect(try Binary.run(["verify", work.path("run")]).status == 0)
  }

  private func modificationDates(_ work: Workplace) throws -> [String: Date] {
    try work.digests(of: "run").keys.reduce(into: [:]) { dates, name in
      let path = work.path("run/audio/\(name)")
      dates[name] = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    }
  }
}
