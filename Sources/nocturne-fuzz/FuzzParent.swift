import Foundation
import NocturneFarm

/// Runs each target in a child, and says what ended it.
struct FuzzParent {
  let keep: String?
  let replay: String?

  /// - Returns: whether the child came to its end.
  func run(_ type: any FuzzTarget.Type, seed: UInt64, inputs: Int) throws -> Bool {
    let folder = FileManager.default.temporaryDirectory.appending(path: "nocturne-fuzz-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "mark").path
    try Data(count: 8).write(to: URL(filePath: path))
    let words = folder.appending(path: "words")
    try Data().write(to: words)

    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments =
      ["--target", type.name, "--seed", "\(seed)", "--inputs", "\(inputs)", "--mark", path]
      + (replay.map { ["--replay", $0] } ?? [])
    // A backtrace takes longer than all inputs together, and the seed says more.
    process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    process.standardError = try FileHandle(forWritingTo: words)
    try process.run()
    process.waitUntilExit()
    if process.terminationReason == .exit, process.terminationStatus == 0 { return true }
    let lines = (try? String(contentsOf: words, encoding: .utf8))?.split(separator: "\n") ?? []
    let lastWords = lines.first { $0.contains("Fatal error") || $0.contains("failed") } ?? lines.first ?? ""
    try report(type, at: try FuzzMark(path).value, Self.reason(process) + (lastWords.isEmpty ? "" : ": \(lastWords)"))
    return false
  }

  private static func reason(_ process: Process) -> String {
    guard process.terminationReason == .uncaughtSignal else { return "exit \(process.terminationStatus)" }
    return switch process.terminationStatus {
    case SIGPROF: "hangs (\(FuzzLimits.secondsPerInput) s of CPU)"
    case SIGSEGV, SIGBUS: "wild memory access or stack overflow"
    default: "trap (signal \(process.terminationStatus))"
    }
  }

  private func report(_ type: any FuzzTarget.Type, at mark: UInt64, _ reason: String) throws {
    if let replay {
      let files = try FuzzChild.files(of: type, in: replay)
      return say("\(Int(mark) < files.count ? files[Int(mark)] : replay): \(reason)")
    }
    say("\(type.name): seed \(mark): \(reason)")
    say("  again: nocturne-fuzz --target \(type.name) --seed \(mark) --inputs 1")
    if let keep { say("  input: \(try write(type, mark, into: keep))") }
  }

  private func write(_ type: (some FuzzTarget).Type, _ seed: UInt64, into folder: String) throws -> String {
    let own = URL(filePath: folder).appending(path: type.name)
    try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
    let file = own.appending(path: "seed-\(seed)")
    var random = SeededGenerator(seed: seed)
    var target = try type.init()
    try Data(try target.input(&random)).write(to: file)
    return file.path
  }

  private func say(_ line: String) { FileHandle.standardError.write(Data("nocturne-fuzz: \(line)\n".utf8)) }
}
