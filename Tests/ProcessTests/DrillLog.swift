import Foundation

/// What the drill's renderers noted down: who began which shard, and what was rendered.
struct DrillLog {
  /// By item.
  private(set) var renderings: [String: Int] = [:]
  private let lines: [[String]]
  /// By process: the items of its last two shards. A worker that is killed loses at most these, since a shard that ends is
  /// in the outbox before the next one ends.
  private var lastShards: [Int: [[String]]] = [:]

  init(_ path: String) throws {
    lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: " ").map(String.init)
    }
    for words in lines {
      guard words.count > 2, let process = Int(words[0]) else { continue }
      if words[1] == "begin" {
        lastShards[process] = (lastShards[process] ?? []).suffix(1) + [Array(words[2...])]
      } else {
        renderings[words[2], default: 0] += 1
      }
    }
  }

  /// Renderings beyond the first of each item.
  var repeats: Int { renderings.values.reduce(0) { $0 + $1 - 1 } }

  /// What these processes would lose, or somebody could be given again, if they or their coordinator died now.
  func inFlight(of processes: [Int]) -> Set<String> {
    Set(processes.flatMap { (lastShards[$0] ?? []).joined() })
  }

  /// Items that were rendered again more often than they were in flight at a kill.
  func unexplained(inFlight: [String: Int]) -> [String] {
    renderings.filter { $0.value - 1 > inFlight[$0.key] ?? 0 }.keys.sorted()
  }

  /// What the log says of an item: which processes began and rendered it, and where in the log.
  func story(of item: String) -> String {
    lines.enumerated().filter { $0.element.contains(item) }
      .map { "line \($0.offset): process \($0.element[0]) \($0.element[1])" }.joined(separator: "\n")
  }
}
