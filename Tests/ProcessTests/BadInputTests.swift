import Foundation
import Testing

/// Issue: every fault gives one clear line, the documented exit code, and loses nothing.
struct BadInputTests {
  /// One readable line that names the thing at fault, and the exit code.
  private func expectRefusal(
    _ arguments: [String], status: Int32, naming words: [String], input: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try Binary.run(arguments, input: input, timeoutSeconds: 60)
    #expect(outcome.status == status, "\(outcome)", sourceLocation: sourceLocation)
    let complaints = outcome.errorLines.filter { $0.hasPrefix("nocturne: ") }
    #expect(complaints.count == 1, "\(outcome)", sourceLocation: sourceLocation)
    for word in words {
      #expect(complaints.first?.contains(word) ?? false, "no '\(word)' in: \(outcome)", sourceLocation: sourceLocation)
    }
  }

  @Test func wrongUsageExitsWith64() throws {
    #expect(try Binary.run(["render"]).status == 64)
    #expect(try Binary.run(["render", "x.csv", "--out", "/tmp/x", "--steps", "0"]).status == 64)
    #expect(try Binary.run(["no-such-command"]).status == 64)
  }

  @Test(
    arguments: [
      ["--out", ""], ["--seconds", "0.1"], ["--workers", "0"], ["--workers", "1025"], ["--threads", "0"],
    ])
  func whatNoRunCanHaveExitsWith64(_ options: [String]) throws {
    let work = try Workplace()
    defer { work.remove() }
    let outcome = try Binary.run(work.renderArguments(work.captions(1), into: "run") + options)
    #expect(outcome.status == 64, "\(outcome)")
    #expect(outcome.errors.contains(options[0]), "\(outcome)")
    #expect(work.finishedCount(of: "run") == 0)
  }

  @Test func anInstructionSetThatDoesNotExistExitsWith64() throws {
    let outcome = try Binary.run(["model", "info", "--config", "tiny"], environment: ["NOCTURNE_MAX_ISA": "avx1024"])
    #expect(outcome.status == 64 && outcome.errorLines.count == 1, "\(outcome)")
    #expect(outcome.errors.contains("NOCTURNE_MAX_ISA is 'avx1024'; it must be one of scalar, avx2"), "\(outcome)")
  }

  @Test func whatNoWorkerCanHaveExitsWith64() throws {
    for options in [["--patience", "nan"], ["--patience", "inf"], ["--for", "inf"]] {
      let outcome = try Binary.run(["worker", "--connect", "ipc:///tmp/nobody"] + options, timeoutSeconds: 10)
      #expect(outcome.status == 64 && outcome.errors.contains(options[0]), "\(outcome)")
    }
  }

  @Test func aMissingManifestIsNamed() throws {
    let work = try Workplace()
    defer { work.remove() }
    try expectRefusal(
      work.renderArguments(work.path("nowhere.csv"), into: "run"), status: 65, naming: ["nowhere.csv"])
  }

  @Test func strictRefusesAManifestWithABadRow() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.write("bad.csv", "id,caption\na,one\na,two\n")
    let outcome = try Binary.run(work.renderArguments(manifest, into: "run", more: ["--strict"]))
    #expect(outcome.status == 65, "\(outcome)")
    #expect(outcome.errors.contains("bad.csv:3:1"), "\(outcome)")
    #expect(work.finishedCount(of: "run") == 0)
  }

  @Test func aBadRowNeverStopsTheNight() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.write("bad.csv", "id,caption\na,one\nb,\nc,three\n../d,four\n")
    let outcome = try Binary.run(work.renderArguments(manifest, into: "run"))
    #expect(outcome.status == 2, "\(outcome)")
    #expect(Set(try work.digests(of: "run").keys) == ["a.flac", "c.flac"])
    let errors = try work.lines("run", "errors.jsonl")
    #expect(errors.count == 2)
    #expect(errors.allSatisfy { $0["class"] as? String == "bad-item" })
    #expect(errors.compactMap { $0["id"] as? String } == ["b", "../d"])
    for (line, place) in zip(errors, ["bad.csv:3:3: ", "bad.csv:5:1: "]) {
      #expect((line["message"] as? String)?.contains(place) == true, "\(line)")
    }
    let document = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: work.path("run/run.json"))))
    let run = try #require(document as? [String: Any])
    #expect(run["verdict"] as? String == "complete with dead items", "\(run)")
    #expect((run["counts"] as? [String: Int])?["rejected_rows"] == 2, "\(run)")
    #expect(outcome.errorLines.contains { $0.hasPrefix("complete: 2 done") && $0.contains("; 2 rows rejected") })
    let status = try Binary.run(["status", work.path("run"), "--json"]).output
    #expect(status.contains("\"rejected_rows\":2"), "\(status)")
  }

  @Test func faultyCheckpointsAreNamedByFileAndKey() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(1)
    func model(_ name: String, _ spoil: (URL) throws -> Void) throws -> [String] {
      let url = work.folder.appending(path: name)
      try FileManager.default.copyItem(at: Workplace.tinyModel, to: url)
      try spoil(url)
      return ["render", manifest, "--out", work.path("run-\(name)"), "--model", url.path, "--workers", "1"]
    }
    try expectRefusal(
      ["render", manifest, "--out", work.path("run"), "--model", work.path("nowhere")], status: 65, naming: ["nowhere"])
    try expectRefusal(
      model("missing") { try FileManager.default.removeItem(at: $0.appending(path: "lm.safetensors")) },
      status: 65, naming: ["lm.safetensors"])
    try expectRefusal(
      model("truncated") {
        let file = $0.appending(path: "dpd.safetensors")
        try Data(contentsOf: file).dropLast(1000).write(to: file)
      }, status: 65, naming: ["dpd.safetensors"])
    try expectRefusal(
      model("config") {
        try Data("{\"format\": 1".utf8).write(to: $0.appending(path: "config.json"))
      }, status: 65, naming: ["config.json"])
  }

  @Test func modelVerifyReadsEveryByte() throws {
    let work = try Workplace()
    defer { work.remove() }
    let model = work.folder.appending(path: "model")
    try FileManager.default.copyItem(at: Workplace.tinyModel, to: model)
    let sound = try Binary.run(["model", "verify", "--model", model.path])
    #expect(sound.status == 0 && sound.output.contains(/[0-9a-f]{64}/), "\(sound)")
    let file = model.appending(path: "lm.safetensors")
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: file)
    try expectRefusal(["model", "verify", "--model", model.path], status: 65, naming: ["lm.safetensors"])
  }

  @Test func anUnwritableRunDirectoryExitsWith73() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(1)
    try work.write("file", "not a directory")
    let arguments = [
      "render", manifest, "--out", work.path("file/run"), "--model", Workplace.tinyModel.path, "--workers", "1",
    ]
    try expectRefusal(arguments, status: 73, naming: ["file/run"])
  }

  @Test func aRunDirectoryOfAnotherManifestOrModelIsRefusedWithTheDifference() throws {
    let work = try Workplace()
    defer { work.remove() }
    let first = try work.captions(2, name: "first.csv")
    let second = try work.captions(3, name: "second.csv")
    #expect(try Binary.run(work.renderArguments(first, into: "run")).status == 0)
    let before = try work.digests(of: "run")
    try expectRefusal(work.renderArguments(second, into: "run"), status: 65, naming: ["manifest"])

    let other = work.path("other-model")
    #expect(try Binary.run(["model", "new", "--config", "tiny", "--out", other, "--seed", "8"]).status == 0)
    var arguments = work.renderArguments(first, into: "run")
    arguments[arguments.firstIndex(of: Workplace.tinyModel.path)!] = other
    try expectRefusal(arguments, status: 65, naming: ["model"])
    #expect(try work.digests(of: "run") == before)
  }

  @Test func anEndpointBeyondLoopbackIsRefusedWithoutKeys() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(1)
    try expectRefusal(
      [
        "coordinator", manifest, "--out", work.path("run"), "--listen", "tcp://0.0.0.0:5999", "--model",
        Workplace.tinyModel.path,
      ], status: 64, naming: ["0.0.0.0"])
  }

  @Test func somebodysResultsAreNotOverwritten() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(1)
    for (number, name) in ["metadata.jsonl", "errors.jsonl", "run.json", "audio/000001.flac"].enumerated() {
      let folder = URL(filePath: work.path("theirs-\(number)"))
      let file = folder.appending(path: name)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data("somebody's".utf8).write(to: file)
      try expectRefusal(
        work.renderArguments(manifest, into: folder.lastPathComponent), status: 73, naming: [name, "--out"])
      #expect(try String(contentsOf: file, encoding: .utf8) == "somebody's")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(names == [String(name.prefix { $0 != "/" })])
    }
  }

  @Test func whatTheModelCannotRenderIsRefusedAtItsPlaceInTheJob() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(1)
    let job = try work.write("job.yaml", "manifest: \(manifest)\nseconds: 99\n")
    try expectRefusal(
      ["render", job, "--out", work.path("run"), "--model", Workplace.tinyModel.path], status: 65,
      naming: ["job.yaml:2:10", "seconds is \"99\"; it must be above 0.1, at most 10"])
  }

  @Test func theConfigurationOfAJobFileIsCheckedByLine() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(1)
    let job = try work.write("job.yaml", "manifest: \(manifest)\nstepps: 5\n")
    try expectRefusal(
      ["render", job, "--out", work.path("run"), "--model", Workplace.tinyModel.path], status: 65,
      naming: ["job.yaml:2", "stepps"])
  }
}
