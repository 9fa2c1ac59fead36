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
  /// - Throws: `CommandFailure`: 64 for what the command line has wrong, 65 for the job file, with the place there.
  init(options: HookOptions? = nil, job: Job?) throws {
    let stated = job?.hooks ?? Job.Hooks()
    func refusal(_ option: String?, _ message: String) -> CommandFailure {
      guard option == nil, let place = stated.location else { return CommandFailure(.usage, message) }
      return CommandFailure(.badInput, "\(place): \(message)")
    }
    program = options?.hook ?? stated.exec
    if let text = options?.webhook ?? stated.webhook {
      guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host != nil else {
        throw refusal(options?.webhook, "webhook '\(text)' is no URL; write http://HOST/PATH or https://...")
      }
      webhook = url
    }
    if let program, !Self.isProgram(program) {
      throw refusal(options?.hook, "hook \(program): not an executable file; give its path, and chmod +x it")
    }
    let named = options?.hookOn
    let names = named?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? stated.on
    if let names {
      if names.isEmpty { throw refusal(named, "hooks are to be told of nothing; name an event, or no hook") }
      kinds = try Set(
        names.map { name in
          guard let kind = Incident.Kind(rawValue: name) else {
            let known = Incident.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw refusal(named, "'\(name)' is nothing to tell of; known are \(known)")
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
