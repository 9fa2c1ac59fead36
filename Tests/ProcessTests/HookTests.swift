import Foundation
import Testing

/// Who is told when a run is over, and that it never suffers for it.
@Suite(.serialized) struct HookTests {
  @Test func aHookIsToldWhenTheRunIsOver() throws {
    let work = try Workplace()
    defer { work.remove() }
    let hook = try script(work, "cat >> \"$0.log\"")
    let arguments = work.renderArguments(try work.captions(2), into: "run", workers: 1, more: ["--hook", hook])
    #expect(try Binary.run(arguments).status == 0)
    let events = try work.lines(".", "hook.log")
    #expect(events.map { $0["event"] as? String } == ["finished"])
    #expect(events.first?["outcome"] as? String == "complete")
    #expect(events.first?["directory"] as? String == work.path("run"))
    let counts = try #require(events.first?["counts"] as? [String: Int])
    #expect(counts["done"] == 2 && counts["rejected_rows"] == 0, "\(counts)")
  }

  @Test func aHookThatFailsOrHangsIsOneLineAndTheRunIsComplete() throws {
    let work = try Workplace()
    defer { work.remove() }
    let captions = try work.captions(1)
    for (name, body, said) in [("bad", "exit 3", "exited with 3"), ("slow", "exec sleep 600", "after 1 s, and killed")]
    {
      let hook = try script(work, body)
      let job = try work.write(
        "\(name).yaml",
        """
        manifest: \(captions)
        model: \(Workplace.tinyModel.path)
        hooks: {exec: \(hook), timeoutSeconds: 1}
        """)
      let outcome = try Binary.run([
        "render", job, "--out", work.path(name), "--workers", "1", "--seconds", "1", "--steps", "2",
      ])
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.errorLines.count { $0.contains("hook ") } == 1 && outcome.errors.contains(said), "\(outcome)")
    }
  }

  @Test func onlyWhatWasAskedForIsTold() throws {
    let work = try Workplace()
    defer { work.remove() }
    let hook = try script(work, "cat >> \"$0.log\"")
    let more = ["--hook", hook, "--hook-on", "stuck"]
    #expect(try Binary.run(work.renderArguments(try work.captions(1), into: "run", workers: 1, more: more)).status == 0)
    #expect(!FileManager.default.fileExists(atPath: work.path("hook.log")))
  }

  @Test func aJobSaysWhatIsTold() throws {
    let work = try Workplace()
    defer { work.remove() }
    let hook = try script(work, "cat >> \"$0.log\"")
    let job = try work.write(
      "job.yaml", "manifest: \(try work.captions(1))\nhooks: {exec: \(hook), on: [stuck]}\n")
    #expect(try Binary.run(work.renderArguments(job, into: "run", workers: 1)).status == 0)
    #expect(!FileManager.default.fileExists(atPath: work.path("hook.log")))
    // The command line goes before the job.
    let more = ["--hook-on", " finished"]
    #expect(try Binary.run(work.renderArguments(job, into: "again", workers: 1, more: more)).status == 0)
    #expect(try work.lines(".", "hook.log").map { $0["event"] as? String } == ["finished"])
  }

  @Test func aRunThatDiesOfAnErrorIsTold() throws {
    let work = try Workplace()
    defer { work.remove() }
    let hook = try script(work, "cat >> \"$0.log\"")
    // What run.json is written as cannot be.
    try FileManager.default.createDirectory(
      atPath: work.path("run/run.json.new/in the way"), withIntermediateDirectories: true)
    let arguments = work.renderArguments(try work.captions(1), into: "run", workers: 1, more: ["--hook", hook])
    let outcome = try Binary.run(arguments)
    #expect(outcome.status == 73, "\(outcome)")
    let events = try work.lines(".", "hook.log")
    #expect(events.map { $0["event"] as? String } == ["finished"], "\(outcome)")
    #expect(events.first?["outcome"] as? String == "failed")
  }

  @Test func aWebhookIsPostedTheSame() throws {
    let work = try Workplace()
    defer { work.remove() }
    let server = try work.write(
      "server.py",
      """
      import http.server, sys
      class Handler(http.server.BaseHTTPRequestHandler):
          def do_POST(self):
              body = self.rfile.read(int(self.headers["Content-Length"]))
              print(body.decode().strip(), flush=True)
              self.send_response(204)
              self.end_headers()
          def log_message(self, *words): pass
      server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
      print(server.server_port, flush=True)
      server.serve_forever()
      """)
    let process = try RunningProcess(
      executable: URL(filePath: "/usr/bin/env"), arguments: ["python3", server], environment: [:], input: nil)
    #expect(eventually { process.output.contains("\n") }, "\(process.errors)")
    let port = process.output.prefix { $0 != "\n" }
    let outcome = try Binary.run(
      work.renderArguments(
        try work.captions(1), into: "run", workers: 1, more: ["--webhook", "http://127.0.0.1:\(port)/night"]))
    #expect(outcome.status == 0 && !outcome.errors.contains("hook "), "\(outcome)")
    #expect(eventually { process.output.contains("\"event\":\"finished\"") }, "\(process.output) \(process.errors)")
    process.send(SIGKILL)
    let refused = try Binary.run(
      work.renderArguments(
        try work.captions(1, name: "b.csv"), into: "again", workers: 1,
        more: ["--webhook", "http://127.0.0.1:\(port)/night"]))
    #expect(refused.status == 0, "\(refused)")
    #expect(refused.errorLines.count { $0.contains("hook http") } == 1, "\(refused)")
  }

  @Test func whatIsNoHookIsRefusedBeforeTheRunBegins() throws {
    let work = try Workplace()
    defer { work.remove() }
    let captions = try work.captions(1)
    for (more, said) in [
      (["--hook", work.path("nothing")], "not an executable file"),
      (["--hook", work.folder.path], "not an executable file"), (["--hook-on", ""], "told of nothing"),
      (["--webhook", "ftp://x/y"], "is no URL"),
      (["--hook-on", "sunrise"], "known are"),
    ] {
      let outcome = try Binary.run(work.renderArguments(captions, into: "run", more: more))
      #expect(outcome.status == 64 && outcome.errorLines.count == 1 && outcome.errors.contains(said), "\(outcome)")
    }
  }

  @Test(arguments: [
    ("exec: nothing", "not an executable file"), ("on: [sunrise]", "known are"), ("webhook: ftp://x/y", "is no URL"),
  ])
  func aJobWithWhatIsNoHookIsRefusedAtItsPlaceWhenItIsPlannedToo(_ hook: String, _ said: String) throws {
    let work = try Workplace()
    defer { work.remove() }
    let job = try work.write("job.yaml", "manifest: \(try work.captions(1))\nhooks:\n  \(hook)\n")
    for arguments in [["plan", job], ["render", job, "--out", work.path("run")]] {
      let outcome = try Binary.run(arguments + ["--model", Workplace.tinyModel.path])
      #expect(outcome.status == 65 && outcome.errorLines.count == 1 && outcome.errors.contains(said), "\(outcome)")
      #expect(outcome.errors.contains("\(job):3:3: "), "\(outcome)")
    }
  }

  private func script(_ work: Workplace, _ body: String) throws -> String {
    let path = try work.write("hook", "#!/bin/sh\n\(body)\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }
}
