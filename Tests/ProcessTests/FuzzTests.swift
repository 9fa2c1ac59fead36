import Foundation
import Testing

/// Whatever comes from outside is read or refused: nothing traps, hangs or swells (`nocturne-fuzz --help`).
struct FuzzTests {
  /// Other seeds with NOCTURNE_SEED, more inputs with NOCTURNE_FUZZ_INPUTS; `scripts/chaos` sets both.
  private let seed = ProcessInfo.processInfo.environment["NOCTURNE_SEED"] ?? "1"
  private let inputs = ProcessInfo.processInfo.environment["NOCTURNE_FUZZ_INPUTS"] ?? "30000"

  private func fuzz(_ arguments: [String]) throws -> Outcome {
    try RunningProcess(
      executable: Binary.url.deletingLastPathComponent().appending(path: "nocturne-fuzz"), arguments: arguments,
      environment: [:], input: nil
    ).wait(timeoutSeconds: 3_600)
  }

  @Test func damagedInputIsReadOrRefused() throws {
    let outcome = try fuzz(["--inputs", inputs, "--seed", seed])
    #expect(outcome.status == 0, "\(outcome)")
    // Damage that is always refused, or never, would test nothing.
    for line in outcome.output.split(separator: "\n") {
      #expect(!line.contains(" 0 accepted") && !line.contains(" 0 refused"), "\(line)")
    }
    #expect(outcome.output.split(separator: "\n").count == 7, "\(outcome)")
  }

  @Test func whatWasOnceFoundIsRefusedNow() throws {
    let cases = Binary.repository.appending(path: "Tests/FuzzCases")
    let outcome = try fuzz(["--replay", cases.path])
    #expect(outcome.status == 0, "\(outcome)")
    let found = try FileManager.default.subpathsOfDirectory(atPath: cases.path).filter { $0.contains("/") }
    let read = outcome.output.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first }
    #expect(read.compactMap { Int($0) }.reduce(0, +) == found.count, "\(outcome)")
  }

  @Test func aTrapIsReportedWithTheSeedThatMakesItAgain() throws {
    let outcome = try fuzz(["--target", "planted", "--inputs", "100", "--seed", "5"])
    #expect(outcome.status == 1, "\(outcome)")
    #expect(outcome.errors.contains("--target planted --seed 23 --inputs 1"), "\(outcome)")
    #expect(try fuzz(["--target", "planted", "--inputs", "1", "--seed", "23"]).status == 1)
    #expect(try fuzz(["--target", "planted", "--inputs", "1", "--seed", "22"]).status == 0)
  }
}
