import Foundation
import Testing

/// A run directory that a hand or a disk was at: `verify` finds it, `verify --repair` and a rerun mend it.
struct DamageTests {
  private func finishedRun(_ work: Workplace, captions: Int = 6) throws -> (manifest: String, digests: [String: String])
  {
    let manifest = try work.captions(captions)
    let outcome = try Binary.run(work.renderArguments(manifest, into: "run"))
    #expect(outcome.status == 0, "\(outcome)")
    return (manifest, try work.digests(of: "run"))
  }

  private func expectMended(_ work: Workplace, _ manifest: String, _ digests: [String: String]) throws {
    let rerun = try Binary.run(work.renderArguments(manifest, into: "run"))
    #expect(rerun.status == 0, "\(rerun)")
    #expect(try work.digests(of: "run") == digests)
    let verified = try Binary.run(["verify", work.path("run")])
    #expect(verified.status == 0, "\(verified)")
  }

  @Test(arguments: ["zeroed", "cut", "overwritten"])
  func aDamagedJournalIsFoundAndMadeAnewWithoutRenderingAgain(_ damage: String) throws {
    let work = try Workplace()
    defer { work.remove() }
    let (manifest, digests) = try finishedRun(work)
    let journal = URL(filePath: work.path("run/state/journal.sqlite"))
    var bytes = try Data(contentsOf: journal)
    switch damage {
    case "zeroed": bytes.resetBytes(in: 100..<bytes.count)
    case "cut": bytes.removeLast(bytes.count / 2)
    default: for index in stride(from: 4_096, to: bytes.count, by: 7) { bytes[index] = 0x5A }
    }
    try bytes.write(to: journal)
    let dates = try modificationDates(work, digests.keys)

    let refused = try Binary.run(work.renderArguments(manifest, into: "run"))
    #expect(refused.status == 65, "\(refused)")
    #expect(refused.errorLines.last?.hasSuffix("audio that is sound is kept") == true, "\(refused)")
    #expect(refused.errors.contains("`nocturne verify \(work.path("run")) --repair`"), "\(refused)")
    let found = try Binary.run(["verify", work.path("run")])
    #expect(found.status == 2, "\(found)")
    #expect(found.output.contains("state/journal.sqlite"), "\(found)")
    let mended = try Binary.run(["verify", work.path("run"), "--repair"])
    #expect(mended.status == 2, "\(mended)")
    try expectMended(work, manifest, digests)
    #expect(try modificationDates(work, digests.keys) == dates, "audio that was sound was rendered again")
  }

  /// `state/` is no deliverable, and whoever keeps the deliverables alone has not lost them.
  @Test(arguments: ["state", "state/journal.sqlite", "emptied"])
  func aJournalThatIsGoneIsMadeAnewWithoutRenderingAgain(_ what: String) throws {
    let work = try Workplace()
    defer { work.remove() }
    let (manifest, digests) = try finishedRun(work)
    if what == "emptied" {
      try Data().write(to: URL(filePath: work.path("run/state/journal.sqlite")))
    } else {
      try FileManager.default.removeItem(atPath: work.path("run/\(what)"))
    }
    let dates = try modificationDates(work, digests.keys)
    let refused = try Binary.run(work.renderArguments(manifest, into: "run"))
    #expect(
      refused.status == 73 && refused.errors.contains("`nocturne verify \(work.path("run")) --repair`"), "\(refused)")
    #expect(try Binary.run(["verify", work.path("run")]).output.contains("state/journal.sqlite: is missing"))
    #expect(try Binary.run(["verify", work.path("run"), "--repair"]).status == 2)
    try expectMended(work, manifest, digests)
    #expect(try modificationDates(work, digests.keys) == dates, "audio that was sound was rendered again")
  }

  @Test func whatTheRecordsSayOtherwiseIsFound() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.write("some.csv", "id,caption\na,one\nb,\u{e000}\nc,three\n")
    #expect(try Binary.run(work.renderArguments(manifest, into: "run")).status == 2)
    let digests = try work.digests(of: "run")
    func edit(_ name: String, _ change: (String) throws -> String) throws {
      let url = URL(filePath: work.path("run/\(name)"))
      try Data(change(String(contentsOf: url, encoding: .utf8)).utf8).write(to: url)
    }
    func expectFound(_ words: String) throws {
      let found = try Binary.run(["verify", work.path("run")])
      #expect(found.status == 2 && found.output.contains(words), "\(found)")
      #expect(try Binary.run(work.renderArguments(manifest, into: "run")).status == 2)
      let mended = try Binary.run(["verify", work.path("run")])
      #expect(mended.status == 0, "\(mended)")
    }
    for column in ["peak_dbfs", "numeric_class", "worker", "attempt", "model_fingerprint", "stage_seconds"] {
      try edit("metadata.jsonl") {
        $0.replacing(try Regex("\"\(column)\":(\"[^\"]*\"|[^,{}\"]+|\\{[^}]*\\})"), maxReplacements: 1) { _ in
          let other = ["peak_dbfs": "-1.5", "attempt": "7", "stage_seconds": "{\"text\":9}"][column] ?? "\"other\""
          return "\"\(column)\":\(other)"
        }
      }
      try expectFound("metadata.jsonl says something else than the journal")
    }
    for (column, other) in [("caption", "\"other\""), ("seed", "1")] {
      try edit("metadata.jsonl") {
        try $0.replacing(Regex("\"\(column)\":(\"[^\"]*\"|[0-9]+)"), with: "\"\(column)\":\(other)", maxReplacements: 1)
      }
      try expectFound("metadata.jsonl says another thing of it than the file: ")
    }
    try edit("errors.jsonl") { _ in "" }
    try expectFound("errors.jsonl: does not say what the journal says of b")
    try edit("run.json") { _ in "garbage" }
    try expectFound("run.json: is missing or no document")
    #expect(try work.digests(of: "run") == digests)
  }

  @Test func rejectedRowsThatErrorsNoLongerTellOfAreFound() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.write("some.csv", "id,caption\na,one\nb,\nc,\n")
    #expect(try Binary.run(work.renderArguments(manifest, into: "run")).status == 2)
    #expect(try Binary.run(["verify", work.path("run")]).status == 0)
    try FileManager.default.removeItem(atPath: work.path("run/errors.jsonl"))
    let found = try Binary.run(["verify", work.path("run")])
    #expect(found.status == 2 && found.output.contains("errors.jsonl: tells of 0 of the 2 rows"), "\(found)")
    #expect(try Binary.run(work.renderArguments(manifest, into: "run")).status == 2)
    #expect(try Binary.run(["verify", work.path("run")]).status == 0)
  }

  @Test func whatWasCancelledStaysSoWhenTheJournalIsMadeAnew() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(3)
    let arguments = ["coordinator", manifest, "--out", work.path("run"), "--workers", "0"]
    let coordinator = try Binary.start(arguments + ["--model", Workplace.tinyModel.path])
    #expect(eventually { FileManager.default.fileExists(atPath: work.path("run/state/farm.sock")) })
    coordinator.send(SIGTERM)
    #expect(try coordinator.wait().status == 75)
    #expect(try Binary.run(["cancel", work.path("run"), "--id", "c002"]).status == 0)
    for part in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: work.path("run/state/journal.sqlite\(part)"))
    }
    let lost = try Binary.run(["status", work.path("run")])
    #expect(lost.status == 65 && lost.errors.contains("has lost its journal"), "\(lost)")
    #expect(try Binary.run(["verify", work.path("run"), "--repair"]).status == 2)
    let story = try Binary.run(["explain", work.path("run"), "c002"])
    #expect(story.output.hasPrefix("c002: cancelled"), "\(story)")
    #expect(try work.lines("run", "errors.jsonl").map { $0["class"] as? String } == ["cancelled"])
  }

  @Test func aFolderInTheWayOfAudioIsNamedAndLeftAlone() throws {
    let work = try Workplace()
    defer { work.remove() }
    _ = try finishedRun(work, captions: 2)
    let audio = work.path("run/audio/c001.flac")
    try FileManager.default.moveItem(atPath: audio, toPath: audio + ".bak")
    try FileManager.default.createDirectory(atPath: audio, withIntermediateDirectories: false)
    let repaired = try Binary.run(["verify", work.path("run"), "--repair"])
    #expect(repaired.status == 2 && repaired.output.contains("audio/c001.flac: is no file; move away"), "\(repaired)")
    try FileManager.default.removeItem(atPath: audio)
    try FileManager.default.moveItem(atPath: audio + ".bak", toPath: audio)
    #expect(try Binary.run(["verify", work.path("run")]).status == 0)
  }

  @Test func aDamagedDocumentIsInNoOperatorsWay() throws {
    let work = try Workplace()
    defer { work.remove() }
    let (manifest, digests) = try finishedRun(work)
    let document = URL(filePath: work.path("run/run.json"))
    try Data("garbage".utf8).write(to: document)
    try FileManager.default.removeItem(atPath: work.path("run/audio/c002.flac"))
    let repaired = try Binary.run(["verify", work.path("run"), "--repair"])
    #expect(repaired.status == 2 && repaired.output.contains("audio/c002.flac: is missing"), "\(repaired)")
    try Data().write(to: document)
    let cancelled = try Binary.run(["cancel", work.path("run"), "--id", "c002"])
    #expect(cancelled.status == 0, "\(cancelled)")
    #expect(try Binary.run(["retry", work.path("run"), "--id", "c002"]).status == 0)
    try expectMended(work, manifest, digests)
  }

  @Test func aDamagedJournalAndADamagedFileAreMendedTogether() throws {
    let work = try Workplace()
    defer { work.remove() }
    let (manifest, digests) = try finishedRun(work)
    try Data("no database".utf8).write(to: URL(filePath: work.path("run/state/journal.sqlite")))
    try Data("no audio".utf8).write(to: URL(filePath: work.path("run/audio/c002.flac")))
    #expect(try verdict(work) == "complete")
    #expect(try Binary.run(["verify", work.path("run"), "--repair"]).status == 2)
    #expect(try verdict(work) == "stopped", "one item is to be rendered again")
    try expectMended(work, manifest, digests)
  }

  private func verdict(_ work: Workplace) throws -> String? {
    let document = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: work.path("run/run.json"))))
    return (document as? [String: Any])?["verdict"] as? String
  }

  private func modificationDates(_ work: Workplace, _ names: some Sequence<String>) throws -> [String: Date] {
    try names.reduce(into: [:]) { dates, name in
      let path = work.path("run/audio/\(name)")
      dates[name] = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    }
  }
}
