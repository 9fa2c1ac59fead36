package import Foundation
package import NocturneFarm
import NocturneJSON

/// What a running coordinator writes down for `status`, once in a while: `state/status.json`.
package struct LiveStatus: Hashable, Codable, Sendable {
  package struct Worker: Hashable, Codable, Sendable {
    package var name: String
    package var host: String
    package var cores: Int
    package var numericClass: String
    package var executing: Int
    package var leased: Int
    package var finished: Int
    package var failed: Int
    package var isPaused: Bool
    package var isStalled: Bool
  }

  package var run: String
  package var written: Date
  package var counts: ItemCounts
  package var collecting: Int
  package var isPaused: Bool
  package var rejectedRows: Int
  package var droppedMessages: Int
  package var workers: [Worker]

  init(_ progress: RunProgress, run: String) {
    self.run = run
    written = Date()
    counts = progress.counts
    collecting = progress.collecting
    isPaused = progress.isPaused
    rejectedRows = progress.rejectedRows
    droppedMessages = progress.droppedMessages
    workers = progress.workers.map {
      Worker(
        name: $0.worker.name, host: $0.host, cores: $0.cores, numericClass: $0.numericClass, executing: $0.executing,
        leased: $0.leased, finished: $0.finished, failed: $0.failed, isPaused: $0.isPaused, isStalled: $0.isStalled)
    }
  }

  func data() throws -> Data {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    return try encoder.encode(self)
  }

  /// Nil when there is none, or it is of another version.
  package init?(contentsOf path: String) {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    guard let data = FileManager.default.contents(atPath: path), isShallow(data),
      let status = try? decoder.decode(Self.self, from: data)
    else { return nil }
    self = status
  }
}
