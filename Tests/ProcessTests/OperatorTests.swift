import Foundation
import Testing

/// The operator's verbs as people type them: on a run at work, on one that stands still, on one that is over.
@Suite(.serialized) struct OperatorTests {
  @Test func everyVerbWorksOnARunAtWork() throws {
    let work = try Workplace()
    defer { work.remove() }
    let arguments = work.renderArguments(try work.captions(80), into: "run", more: ["--seconds", "4"])
    let run = try Binary.start(arguments)
    #expect(eventually { work.finishedCount(of: "run") >= 2 }, "\(run.errors)")

    let paused = try verb("pause", work)
    #expect(paused.output.hasPrefix("paused: "), "\(paused)")
    #expect(paused.output.contains("resume with: nocturne resume"), "\(paused)")
    #expect(run.errors.contains("the run is paused by its operator"), "\(run.errors)")
    #expect(try verb("status", work).output.contains("paused"))
    let explained = try verb("explain", work, ["c079"])
    #expect(explained.output.hasPrefix("c079: waiting\n  why: the run is paused"), "\(explained)")

    let cancelled = try verb("cancel", work, ["--id", "c078", "--id", "c079"])
    #expect(cancelled.output.hasPrefix("cancelled: 2 items"), "\(cancelled)")
    #expect(try work.lines("run", "errors.jsonl").map { $0["class"] as? String } == ["cancelled", "cancelled"])
    let retried = try verb("retry", work, ["--id", "c078"])
    #expect(retried.output.hasPrefix("retried: 1 item"), "\(retried)")
    #expect(try work.lines("run", "errors.jsonl").count == 1)

    let unknown = try verb("cancel", work, ["--id", "nobody"], status: 65)
    #expect(unknown.errorLines.count == 1 && unknown.errors.contains("no item 'nobody'"), "\(unknown)")
    #expect(try verb("explain", work, ["nobody"], status: 65).errorLines.count == 1)

    #expect(try verb("resume", work).output.hasPrefix("resumed: "))
    let before = work.finishedCount(of: "run")
    #expect(eventually { work.finishedCount(of: "run") > before }, "\(run.errors)")
    #expect(try verb("drain", work).output.hasPrefix("draining: "))
    #expect(try run.wait().status == 75)
    #expect(work.finishedCount(of: "run") < 79)

    let again = try Binary.run(arguments)
    #expect(again.status == 2, "one is cancelled: \(again)")
    #expect(work.finishedCount(of: "run") == 79)
    let story = try verb("explain", work, ["c078", "--json"])
    let object = try JSONSerialization.jsonObject(with: Data(story.output.utf8)) as? [String: Any]
    let changes = (object?["story"] as? [[String: Any]])?.compactMap { $0["change"] as? String }
    #expect(changes?.prefix(2) == ["died", "reopened"] && changes?.last == "done", "\(story)")
  }

  @Test func everyVerbWorksOnARunThatStandsStill() throws {
    let work = try Workplace()
    defer { work.remove() }
    let arguments = work.renderArguments(try work.captions(30), into: "run", more: ["--seconds", "4"])
    let run = try Binary.start(arguments)
    #expect(eventually { work.finishedCount(of: "run") >= 2 }, "\(run.errors)")
    run.send(SIGKILL)
    try run.wait()
    #expect(work.finishedCount(of: "run") < 28, "the run was nearly over before it was killed; make it longer")

    #expect(try verb("drain", work).output.hasPrefix("nobody works on this run"))
    #expect(try verb("pause", work).output.contains("the next coordinator starts paused"))
    #expect(try verb("status", work).output.contains("interrupted"))
    let explained = try verb("explain", work, ["c029"])
    #expect(explained.output.contains("why: no coordinator is at work; run the same command"), "\(explained)")
    let cancelled = try verb("cancel", work, ["--id", "c029"])
    #expect(cancelled.output.hasPrefix("cancelled: 1 item,"), "\(cancelled)")

    let second = try Binary.start(arguments)
    #expect(eventually { second.errors.contains("paused by its operator") }, "\(second.errors)")
    #expect(try verb("resume", work).output.hasPrefix("resumed: "))
    #expect(try second.wait().status == 2)
    #expect(work.finishedCount(of: "run") == 29)

    let over = try verb("pause", work, status: 65)
    #expect(over.errorLines.count == 1 && over.errors.contains("the run is over"), "\(over)")
    let retried = try verb("retry", work, ["--class", "cancelled", "--json"])
    #expect(retried.output.contains("\"did\":\"retried\"") && retried.output.contains("\"items\":1"), "\(retried)")
    #expect(try Binary.run(arguments).status == 0)
    #expect(work.finishedCount(of: "run") == 30)
    #expect(try Binary.run(["verify", work.path("run")]).status == 0)
  }

  @Test func whatExplainAdvisesCanBeDone() throws {
    let work = try Workplace()
    defer { work.remove() }
    let arguments = work.renderArguments(
      try work.captions(30), into: "run", more: ["--seconds", "4", "--takes", "2"])
    let run = try Binary.start(arguments)
    #expect(eventually { work.finishedCount(of: "run") >= 2 }, "\(run.errors)")
    _ = try verb("pause", work)
    _ = try verb("cancel", work, ["--id", "c029-t1"])
    run.send(SIGTERM)
    try run.wait()
    for name in ["c029", "c029-t1"] {
      let explained = try verb("explain", work, [name])
      #expect(explained.output.contains("nocturne retry \(work.path("run")) --id c029-t1\n"), "\(explained)")
    }
    #expect(try verb("retry", work, ["--id", "c029-t1"]).output.hasPrefix("retried: 1 item"))
  }

  @Test func verbsOnNoRunAndWithoutItemsAreRefusedInOneLine() throws {
    let work = try Workplace()
    defer { work.remove() }
    for (name, more) in [
      ("pause", []), ("resume", []), ("drain", []), ("cancel", []), ("retry", ["--all-failed"]), ("explain", ["x"]),
      ("status", []), ("status", ["--watch"]),
    ] {
      let outcome = try verb(name, work, more, status: 65)
      #expect(outcome.errorLines.count == 1 && outcome.errors.contains("no run here"), "\(name): \(outcome)")
    }
    #expect(try verb("retry", work, status: 64).errors.contains("say which items"))
    #expect(try verb("retry", work, ["--class", "odd"], status: 64).errors.contains("must be one of"))
  }

  @Test func aWatchTellsEachChangeAndEndsWithTheRun() throws {
    let work = try Workplace()
    defer { work.remove() }
    let run = try Binary.start(work.renderArguments(try work.captions(30), into: "run", more: ["--seconds", "4"]))
    #expect(eventually { work.finishedCount(of: "run") >= 1 }, "\(run.errors)")
    let watch = try Binary.start(["status", work.path("run"), "--watch", "--every", "0.05"])
    #expect(try run.wait().status == 0)
    let outcome = try watch.wait()
    #expect(outcome.status == 0, "\(outcome)")
    let lines = outcome.output.split(separator: "\n")
    #expect(Set(lines).count == lines.count && lines.count >= 2, "\(outcome)")
    #expect(lines.last?.contains("complete: 30 items, 30 done") == true, "\(outcome)")
  }

  private func verb(_ name: String, _ work: Workplace, _ more: [String] = [], status: Int32 = 0) throws -> Outcome {
    let outcome = try Binary.run([name, work.path("run")] + more)
    #expect(outcome.status == status, "\(name): \(outcome)")
    return outcome
  }
}
