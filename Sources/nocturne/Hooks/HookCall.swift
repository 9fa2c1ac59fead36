import Foundation
import FoundationNetworking

/// One way to tell somebody.
enum HookCall: CustomStringConvertible {
  case run(String)
  case post(URL)

  var description: String {
    switch self {
    case .run(let program): program
    case .post(let url): url.absoluteString
    }
  }

  /// Blocks until it is done, for `timeoutSeconds` at most.
  /// - Returns: what went wrong, in a few words; nil when nothing did.
  func perform(_ body: Data, timeoutSeconds: Double) -> String? {
    switch self {
    case .run(let program): Self.run(program, body, timeoutSeconds)
    case .post(let url): Self.post(url, body, timeoutSeconds)
    }
  }

  private static func run(_ program: String, _ body: Data, _ timeoutSeconds: Double) -> String? {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.standardOutput = FileHandle.nullDevice
    let input = Pipe()
    process.standardInput = input
    let end = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in end.signal() }
    do { try process.run() } catch { return "cannot be started: \(error.localizedDescription)" }
    // Less than a pipe holds: a hook that does not read cannot hold us up, and one that has gone is none of our business.
    try? input.fileHandleForWriting.write(contentsOf: body)
    try? input.fileHandleForWriting.close()
    if end.wait(timeout: .now() + timeoutSeconds) == .timedOut {
      kill(process.processIdentifier, SIGKILL)
      return "not done after \(timeoutSeconds.formatted()) s, and killed"
    }
    if process.terminationReason == .uncaughtSignal { return "died of signal \(process.terminationStatus)" }
    return process.terminationStatus == 0 ? nil : "exited with \(process.terminationStatus)"
  }

  private static func post(_ url: URL, _ body: Data, _ timeoutSeconds: Double) -> String? {
    var request = URLRequest(url: url, timeoutInterval: timeoutSeconds)
    request.httpMethod = "POST"
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.httpBody = body
    let result = Reply()
    let end = DispatchSemaphore(value: 0)
    let session = URLSession(configuration: .ephemeral)
    let task = session.dataTask(with: request) { _, response, error in
      result.fault = error?.localizedDescription
      if let status = (response as? HTTPURLResponse)?.statusCode, !(200..<300).contains(status) {
        result.fault = "answered \(status)"
      }
      end.signal()
    }
    task.resume()
    defer { session.invalidateAndCancel() }
    if end.wait(timeout: .now() + timeoutSeconds) == .timedOut {
      return "no answer after \(timeoutSeconds.formatted()) s"
    }
    return result.fault
  }

  /// Written before the semaphore is signalled, read after it was waited for.
  private final class Reply: @unchecked Sendable {
    var fault: String?
  }
}
