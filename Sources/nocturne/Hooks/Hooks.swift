import Foundation
import NocturneFarm
import NocturneManifest

/// Whom to tell of incidents, and of which.
struct Hooks {
  /// An executable that gets the event on its standard input.
  var program: String?
  /// A URL that the event is posted to.
  var webhook: URL?
  var kinds = Set(Incident.Kind.allCases)
  /// How long either may take.
  var timeoutSeconds = 30.0
  var diskLowBytes = 1 << 30

  var isEmpty: Bool { program == nil && webhook == nil }

  /// The command line, then the job file, then what holds without either.
  /// - Throws: `CommandFailure`: 64 for what the command line has wrong, 65 for the job file.
  init(options: HookOptions, job: Job?) throws {
    let stated = job?.hooks ?? Job.Hooks()
    program = options.hook ?? stated.exec
    if let text = options.webhook ?? stated.webhook {
      guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host != nil else {
        throw CommandFailure(
          options.webhook == nil ? .badInput : .usage,
          "webhook '\(text)' is no URL; write http://HOST/PATH or https://...")
      }
      webhook = url
    }
    if let program, !Self.isProgram(program) {
      throw CommandFailure(
        options.hook == nil ? .badInput : .usage,
        "hook \(program): not an executable file; give its path, and chmod +x it")
    }
    let names = options.hookOn?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? stated.on
    if let names {
      if names.isEmpty {
        throw CommandFailure(
          options.hookOn == nil ? .badInput : .usage, "hooks are to be told of nothing; name an event, or no hook")
      }
      kinds = try Set(
        names.map { name in
          guard let kind = Incident.Kind(rawValue: name) else {
            let known = Incident.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure(
              options.hookOn == nil ? .badInput : .usage, "'\(name)' is nothing to tell of; known are \(known)")
          }
          return kind
        })
    }
    timeoutSeconds = stated.timeoutSeconds ?? timeoutSeconds
    diskLowBytes = stated.diskLowMegabytes.map { $0 << 20 } ?? diskLowBytes
  }

  /// A folder can be executable, too.
  private static func isProgram(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
      && FileManager.default.isExecutableFile(atPath: path)
  }
}
