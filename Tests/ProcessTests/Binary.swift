import Foundation

/// The `nocturne` binary under test, which the build put beside the test bundle; another one with NOCTURNE_BINARY.
enum Binary {
  static let url: URL = {
    if let other = ProcessInfo.processInfo.environment["NOCTURNE_BINARY"] { return URL(filePath: other) }
    let bundle = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    // Under `swift test` the running program is the bundle itself, or a runner that was given the bundle's path.
    let folders = [bundle] + CommandLine.arguments.map { URL(filePath: $0).deletingLastPathComponent() }
    let root = repository.appending(path: ".build/release")
    return (folders + [root]).map { $0.appending(path: "nocturne") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) } ?? root.appending(path: "nocturne")
  }()

  /// The checkout this file lies in.
  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Starts the binary; its output is collected in files of its own.
  static func start(_ arguments: [String], environment: [String: String] = [:], input: String? = nil) throws
    -> RunningProcess
  {
    try RunningProcess(executable: url, arguments: arguments, environment: environment, input: input)
  }

  /// Runs the binary to its end.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], input: String? = nil, timeoutSeconds: Double = 120
  ) throws -> Outcome {
    try start(arguments, environment: environment, input: input).wait(timeoutSeconds: timeoutSeconds)
  }
}

/// How a process ended and what it said.
struct Outcome: CustomStringConvertible {
  var status: Int32
  var output: String
  var errors: String

  /// Lines of standard error without the empty ones.
  var errorLines: [Substring] { errors.split(separator: "\n") }
  var description: String { "exit \(status)\n--- stdout\n\(output)\n--- stderr\n\(errors)" }
}
