import Foundation
import Testing

/// Readers that go away and logs whose disk is full: a night does not end by them, and a result that nobody got is none.
struct OutputTests {
  /// Runs the binary in a shell, where its output goes as `redirections` say.
  private func run(_ arguments: [String], _ redirections: String) throws -> Outcome {
    let command = ([Binary.url.path] + arguments).map { "'\($0)'" }.joined(separator: " ")
    return try RunningProcess(
      executable: URL(filePath: "/bin/bash"), arguments: ["-c", "set -o pipefail; \(command) \(redirections)"],
      environment: [:], input: nil
    ).wait()
  }

  @Test(arguments: [">/dev/full 2>&1", "2>&1 | head -n 1", ">&- 2>&-"])
  func aNightOutlivesWhoeverReadsIt(_ redirections: String) throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(4)
    let outcome = try run(work.renderArguments(manifest, into: "run", more: ["--json"]), redirections)
    #expect(outcome.status == 0, "\(outcome)")
    #expect(work.finishedCount(of: "run") == 4)
    #expect(try Binary.run(["verify", work.path("run")]).status == 0)
  }

  @Test func aResultThatNobodyGetsIsAFailure() throws {
    let work = try Workplace()
    defer { work.remove() }
    let manifest = try work.captions(1)
    let rendered = work.renderArguments(manifest, into: "run")
    #expect(try Binary.run(rendered).status == 0)
    let plan = ["plan"] + rendered.dropFirst().filter { $0 != "--out" && $0 != work.path("run") }
    for command in [["status", work.path("run")], ["verify", work.path("run")], plan] {
      for more in [[], ["--json"]] {
        let outcome = try run(command + more, ">/dev/full")
        #expect(outcome.status == 73, "\(command + more): \(outcome)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("standard output cannot be written"))
      }
    }
    let unheard = try run(["status", work.path("nowhere")], "2>/dev/full")
    #expect(unheard.status == 65, "\(unheard)")
  }
}
