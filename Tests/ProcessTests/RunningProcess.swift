import Foundation

/// A process started by a test: it can be watched, signalled and waited for, and it never outlives the test.
final class RunningProcess {
  private let process = Process()
  private let folder: URL

  /// - Parameter directory: where it works; where this process does if nil.
  init(
    executable: URL, arguments: [String], environment: [String: String], input: String?, directory: URL? = nil
  ) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "nocturne-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    process.executableURL = executable
    process.arguments = arguments
    if let directory { process.currentDirectoryURL = directory }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = try Self.file(folder.appending(path: "stdout"))
    process.standardError = try Self.file(folder.appending(path: "stderr"))
    let stdin = folder.appending(path: "stdin")
    try (input ?? "").write(to: stdin, atomically: false, encoding: .utf8)
    process.standardInput = try FileHandle(forReadingFrom: stdin)
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(at: folder)
  }

  var pid: pid_t { process.processIdentifier }
  var isRunning: Bool { process.isRunning }
  var errors: String { read("stderr") }
  var output: String { read("stdout") }

  func send(_ signal: Int32) { kill(pid, signal) }

  /// Process ids of the living children, oldest first.
  var children: [pid_t] {
    let list = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
    return list.split(separator: " ").compactMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }.sorted()
  }

  /// Waits for the end; a process that does not come to it is killed, and its status reads as that signal's.
  @discardableResult
  func wait(timeoutSeconds: Double = 120) throws -> Outcome {
    let deadline = Date(timeIntervalSinceNow: timeoutSeconds)
    while process.isRunning, Date() < deadline { usleep(2_000) }
    if process.isRunning { send(SIGKILL) }
    process.waitUntilExit()
    let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    return Outcome(status: status, output: output, errors: errors)
  }

  private func read(_ name: String) -> String {
    (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
  }

  private static func file(_ url: URL) throws -> FileHandle {
    try Data().write(to: url)
    return try FileHandle(forWritingTo: url)
  }
}

/// Polls `condition` until it holds; false after the time is over.
func eventually(withinSeconds seconds: Double = 60, _ condition: () throws -> Bool) rethrows -> Bool {
  let deadline = Date(timeIntervalSinceNow: seconds)
  while Date() < deadline {
    if try condition() { return true }
    usleep(5_000)
  }
  return false
}
