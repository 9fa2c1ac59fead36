import Crypto
import Foundation

/// A temporary folder with a tiny checkpoint and manifests, for one test.
struct Workplace {
  let folder: URL
  /// Random `tiny` weights, made once for all tests by the binary under test.
  static let tinyModel: URL = {
    let url = FileManager.default.temporaryDirectory.appending(path: "nocturne-tiny-\(getpid())")
    try? FileManager.default.removeItem(at: url)
    let made = try! Binary.run(["model", "new", "--config", "tiny", "--out", url.path, "--seed", "7"])
    precondition(made.status == 0, "model new: \(made)")
    return url
  }()

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "nocturne-work-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    return path(name)
  }

  /// A CSV of `count` captions with ids c000, c001, ...
  func captions(_ count: Int, name: String = "captions.csv") throws -> String {
    let rows = (0..<count).map { number in
      let id = String("00\(number)".suffix(3))
      return "c\(id),\"A \(["slow", "quick", "warm"][number % 3]) tune number \(number) for piano and drums\""
    }
    return try write(name, "id,caption\n" + rows.joined(separator: "\n") + "\n")
  }

  /// `nocturne render` of a manifest with the tiny model into `run`.
  func renderArguments(_ manifest: String, into run: String, workers: Int = 2, more: [String] = []) -> [String] {
    [
      "render", manifest, "--out", path(run), "--model", Self.tinyModel.path, "--workers", "\(workers)", "--threads",
      "1", "--seconds", "1", "--steps", "2",
    ] + more
  }

  /// SHA-256 of every file in a run's `audio/`, by name.
  func digests(of run: String) throws -> [String: String] {
    let audio = folder.appending(path: run).appending(path: "audio")
    let names = try FileManager.default.contentsOfDirectory(atPath: audio.path)
    return try Dictionary(
      uniqueKeysWithValues: names.map { name in
        let digest = SHA256.hash(data: try Data(contentsOf: audio.appending(path: name)))
        return (name, digest.map { String("0\(String($0, radix: 16))".suffix(2)) }.joined())
      })
  }

  func finishedCount(of run: String) -> Int {
    let audio = folder.appending(path: run).appending(path: "audio")
    return ((try? FileManager.default.contentsOfDirectory(atPath: audio.path)) ?? []).count
  }

  /// The lines of a JSONL file in a run directory.
  func lines(_ run: String, _ name: String) throws -> [[String: Any]] {
    let text = try String(contentsOf: folder.appending(path: run).appending(path: name), encoding: .utf8)
    return try text.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
  }
}
