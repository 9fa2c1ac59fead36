import Foundation
import NocturneManifest
import Testing

struct JobTests {
  /// Writes `text` into a job file of its own folder and hands its path over.
  private func withJob<Result>(_ text: String, named name: String = "job.yaml", _ body: (String) throws -> Result)
    throws
    -> Result
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: "nocturne-job-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: name)
    try Data(text.utf8).write(to: file)
    return try body(file.path)
  }

  private static let everyKey = """
    manifest: captions/night.csv
    out: /srv/runs/night
    model: ../checkpoints/demo
    textEncoder: encoder
    precision: bf16
    steps: 10
    guidance: 3.5
    seconds: 8
    seed: 42
    takes: 2
    format: wav
    schedule: uniform
    workers: 0
    threads: 4
    limit: 100
    strict: true
    json: yes
    quiet: false
    retry: {limit: 5, backoffSeconds: 0.5, backoffLimitSeconds: 60}
    sharding:
      targetSeconds: 30
      maxItems: 8
    endpoints:
      listen: tcp://127.0.0.1:5555
      key: keys/night.key
      admit: /srv/keys/workers
      insecureLoopback: no
    failures: {bad-item: try, item-fault: dead, worker-fault: try, shortage: try, infrastructure: free, preempted: free}
    shortage: {backoffSeconds: 2, backoffLimitSeconds: 20}
    quarantine: {failures: 7, share: 0.5, probeSeconds: 30, probeLimitSeconds: 300}
    earlyStop: {items: 0, shards: 2}
    hedging: {multiple: 3, floorSeconds: 1}
    liveness:
      heartbeatSeconds: 1
      timeoutHeartbeats: 5
      stallMultiple: 10
      stallFloorSeconds: 60
      graceSeconds: 15
      partingSeconds: 0
      stuckSeconds: 60
    hooks:
      exec: hooks/tell
      webhook: https://example.org/nocturne
      on: [finished, stuck]
      timeoutSeconds: 5
      diskLowMegabytes: 100
    """

  /// The thresholds of `everyKey`, whose every field differs from what holds without a job file.
  private static func policy(_ job: inout Job) {
    job.failures = [
      "bad-item": .try, "item-fault": .dead, "worker-fault": .try, "shortage": .try, "infrastructure": .free,
      "preempted": .free,
    ]
    job.shortage.backoffSeconds = 2
    job.shortage.backoffLimitSeconds = 20
    job.quarantine.failures = 7
    job.quarantine.share = 0.5
    job.quarantine.probeSeconds = 30
    job.quarantine.probeLimitSeconds = 300
    job.earlyStop.items = 0
    job.earlyStop.shards = 2
    job.hedging.multiple = 3
    job.hedging.floorSeconds = 1
    job.liveness.heartbeatSeconds = 1
    job.liveness.timeoutHeartbeats = 5
    job.liveness.stallMultiple = 10
    job.liveness.stallFloorSeconds = 60
    job.liveness.graceSeconds = 15
    job.liveness.partingSeconds = 0
  }

  @Test func everyKeyIsReadAndPathsCountFromTheJob() throws {
    try withJob(Self.everyKey) { path throws in
      let folder = URL(filePath: path).deletingLastPathComponent().path
      var job = Job(
        path: path, manifest: "\(folder)/captions/night.csv",
        settings: RenderSettings(
          steps: 10, guidance: 3.5, seconds: 8, seed: 42, takes: 2, format: .wav, schedule: .uniform),
        out: "/srv/runs/night", model: "\(folder)/../checkpoints/demo", textEncoder: "\(folder)/encoder",
        precision: .bf16, workers: 0, threads: 4, limit: 100, strict: true, json: true, quiet: false,
        retry: .init(limit: 5, backoffSeconds: 0.5, backoffLimitSeconds: 60),
        sharding: .init(targetSeconds: 30, maxItems: 8),
        endpoints: .init(
          listen: "tcp://127.0.0.1:5555", key: "\(folder)/keys/night.key", admit: "/srv/keys/workers",
          insecureLoopback: false))
      Self.policy(&job)
      job.liveness.stuckSeconds = 60
      job.hooks.location = SourceLocation(file: path, line: 42, column: 3)
      job.hooks.exec = "\(folder)/hooks/tell"
      job.hooks.webhook = "https://example.org/nocturne"
      job.hooks.on = ["finished", "stuck"]
      job.hooks.timeoutSeconds = 5
      job.hooks.diskLowMegabytes = 100
      #expect(try Job.read(path: path) == job)
    }
  }

  @Test func whoAnswersOnePartOfTheQuestionOfKeysAnswersItWhole() {
    let job = Job.Endpoints(listen: "tcp://127.0.0.1:1", key: "a.key", admit: "workers")
    #expect(job.overlaid(by: .init()) == job)
    #expect(job.overlaid(by: .init(listen: "ipc://x")) == .init(listen: "ipc://x", key: "a.key", admit: "workers"))
    let open = Job.Endpoints(listen: "tcp://127.0.0.1:1", insecureLoopback: true)
    #expect(job.overlaid(by: .init(insecureLoopback: true)) == open)
    #expect(open.overlaid(by: .init(key: "a.key", admit: "workers")) == job)
  }

  @Test func keysLeftOutOrEmptySayNothing() throws {
    try withJob("manifest: '-'\nsteps:\nretry: ~\n") { path throws in
      #expect(try Job.read(path: path) == Job(path: path, manifest: "-"))
    }
  }

  private static let faulty: [(String, JobError.Code, Int, Int)] = [
    ("manifest: a.csv\nstepps: 5\n", .unknownKey, 2, 1),
    ("manifest: a.csv\nretry:\n  limit: 3\n  backoff: 5\n", .unknownKey, 4, 3),
    ("manifest: a.csv\n5: x\n", .unknownKey, 2, 1),
    ("steps: 5\n", .missingKey, 0, 0),
    ("manifest:\n", .missingKey, 0, 0),
    ("", .missingKey, 0, 0),
    ("- a\n- b\n", .notAMapping, 1, 1),
    ("manifest: a.csv\nretry: 5\n", .notAMapping, 2, 8),
    ("manifest: [a.csv]\n", .wrongType, 1, 11),
    ("manifest: a.csv\nsteps: many\n", .wrongType, 2, 8),
    ("manifest: a.csv\nsteps: 0\n", .outOfRange, 2, 8),
    ("manifest: a.csv\nseconds: 11\n", .outOfRange, 2, 10),
    ("manifest: a.csv\nformat: mp3\n", .unknownChoice, 2, 9),
    ("manifest: a.csv\nprecision: f16\n", .unknownChoice, 2, 12),
    ("manifest: a.csv\nworkers: -1\n", .outOfRange, 2, 10),
    ("manifest: a.csv\nthreads: 2.5\n", .wrongType, 2, 10),
    ("manifest: a.csv\nstrict: perhaps\n", .wrongType, 2, 9),
    ("manifest: a.csv\nretry: {limit: 0}\n", .outOfRange, 2, 16),
    ("manifest: a.csv\nsharding: {maxItems: x}\n", .wrongType, 2, 22),
    ("manifest: a.csv\nfailures: {item-fault: free}\n", .unknownChoice, 2, 24),
    ("manifest: a.csv\nfailures: {preempted: try}\n", .unknownChoice, 2, 23),
    ("manifest: a.csv\nfailures: {cosmic-ray: try}\n", .unknownKey, 2, 12),
    ("manifest: a.csv\nretry: {backoffSeconds: 9, backoffLimitSeconds: 5}\n", .outOfRange, 2, 49),
    ("manifest: a.csv\nshortage: {backoffSeconds: 9, backoffLimitSeconds: 5}\n", .outOfRange, 2, 52),
    ("manifest: a.csv\nquarantine: {probeSeconds: 9, probeLimitSeconds: 5}\n", .outOfRange, 2, 50),
    ("manifest: a.csv\nquarantine: {share: 1.5}\n", .outOfRange, 2, 21),
    ("manifest: a.csv\nearlyStop: {shards: 0}\n", .outOfRange, 2, 21),
    ("manifest: a.csv\nhedging: {multiple: -1}\n", .outOfRange, 2, 21),
    ("manifest: a.csv\nliveness: {timeoutHeartbeats: 1}\n", .outOfRange, 2, 31),
    ("manifest: a.csv\nliveness: {graceSeconds: 9}\n", .outOfRange, 2, 26),
    ("manifest: a.csv\nliveness: {heartbeatSeconds: 200, timeoutHeartbeats: 500}\n", .outOfRange, 2, 54),
    ("manifest: a.csv\nliveness: {heartbeatSeconds: 1, graceSeconds: 4.9}\n", .outOfRange, 2, 47),
    ("manifest: a.csv\nshortage: {backoffSeconds: 0}\n", .outOfRange, 2, 28),
    ("manifest: a.csv\nhooks: {on: [[finished]]}\n", .wrongType, 2, 13),
    ("manifest: a.csv\nhooks: {program: x}\n", .unknownKey, 2, 9),
    ("manifest: a.csv\nmanifest: b.csv\n", .badYAML, 1, 1),
    ("manifest: \"a.csv\nsteps: 5\n", .badYAML, 3, 1),
    ("manifest: a.csv\n\tsteps: 5\n", .badYAML, 2, 1),
    ("manifest: a.csv\nout: *nowhere\n", .badYAML, 2, 6),
  ]

  @Test(arguments: faulty)
  func faultsAreNamedWithLineAndColumn(faulty: (String, JobError.Code, Int, Int)) throws {
    try withJob(faulty.0) { path throws in
      let error = try #require(throws: JobError.self) {
        try Job.read(path: path, limits: RenderLimits(maximumSeconds: 10))
      }
      #expect(error.code == faulty.1, "\(error)")
      #expect(error.location == SourceLocation(file: path, line: faulty.2, column: faulty.3), "\(error)")
      #expect(error.description.split(whereSeparator: \.isNewline).count == 1)
    }
  }

  @Test func aByteOrderMarkIsNoPartOfAJob() throws {
    try withJob("\u{feff}manifest: a.csv\r\nsteps: 3\r\n", named: "job") { path throws in
      #expect(Job.isJob(path: path))
      #expect(try Job.read(path: path).settings.steps == 3)
    }
  }

  @Test func aSlipOfTwoLettersIsGuessed() throws {
    try withJob("manifest: a.csv\nstepps: 5\n") { path throws in
      let error = try #require(throws: JobError.self) { try Job.read(path: path) }
      #expect(error.message == "unknown key \"stepps\" in the job file; did you mean \"steps\"?")
    }
  }

  @Test func unreadableFilesAreSaidToBeSo() throws {
    let missing = try #require(throws: JobError.self) { try Job.read(path: "/nowhere/job.yaml") }
    #expect(missing.code == .unreadable)
    #expect(missing.message.hasPrefix("cannot read the job file"), "\(missing)")
    try withJob("manifest: a.csv\nout: \(String(repeating: "x", count: 1 << 20))\n") { path throws in
      #expect(try #require(throws: JobError.self) { try Job.read(path: path) }.code == .unreadable)
    }
  }

  @Test func jobsAreToldFromManifestsByTheirContent() throws {
    #expect(try withJob(Self.everyKey, named: "night", Job.isJob))
    #expect(try withJob("# night\n---\nsteps: 5\nmanifest: a\n", named: "night.txt", Job.isJob))
    #expect(try withJob("steps: 5\n", named: "night.yml", Job.isJob))
    #expect(try !withJob("id,caption\nmanifest: x,y\n", named: "night.csv", Job.isJob))
    #expect(try !withJob("A song.\nmanifest: destiny\n", named: "songs.txt", Job.isJob))
    #expect(try !withJob("{\"id\":\"a\",\"caption\":\"b\"}\n", named: "a.jsonl", Job.isJob))
    #expect(!Job.isJob(path: "/nowhere/job"))
    for name in try Repository.names(in: Repository.file("Manifests")) {
      #expect(!Job.isJob(path: Repository.file("Manifests/\(name)")))
    }
  }
}
