import ArgumentParser
import Foundation
import NocturneCoordinator
import NocturneManifest
import NocturneRender

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Look at every byte of a run's results: audio, digests, metadata, strangers.",
    discussion: "Exits with 2 when something is wrong. With --repair a rerun of the run renders damaged items again.")

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String
  @Flag(help: "Mark items with missing or damaged audio as waiting; make a missing or damaged journal anew.")
  var repair = false
  @Flag(help: "One JSON object.")
  var json = false

  func run() throws {
    let inspector = AudioInspection()
    let verifier = RunVerifier(
      directory: RunDirectory(directory), inspector: { try inspector.look(at: $0, item: $1, fingerprint: $2) })
    let report = try verifier.verify(repair: repair)
    if json {
      try printJSON([
        "verified": report.verified, "clean": report.isClean, "reopened": report.reopened.map(\.description),
        "findings": report.findings.map {
          ["code": $0.code.rawValue, "file": $0.file, "item": $0.item?.description ?? "", "message": $0.message]
        },
      ])
    } else {
      for finding in report.findings { print(finding) }
      print("\(report.verified) items verified, \(report.findings.count) findings")
      if !report.reopened.isEmpty { print("\(report.reopened.count) items will be rendered again by a rerun") }
    }
    try StandardOutput.flush()
    if !report.isClean { Foundation.exit(ExitStatus.deadItems.rawValue) }
  }
}
