import Foundation
import NocturneCoordinator
import NocturneFarm

/// What a coordinator reads in a run directory that people can edit: `metadata.jsonl` and `state/status.json`.
struct RecordsTarget: FuzzTarget {
  static let name = "records"
  static let share = 8.0

  private let file: ScratchFile
  private let samples: [[UInt8]]

  init() throws {
    file = try ScratchFile()
    let line = MetadataLine.bytes(FuzzSamples.item, FuzzSamples.receipt)
    let error = ErrorLine.bytes(
      DeadItem(item: FuzzSamples.lease.item, failureClass: .itemFault, message: "no", attempts: 3, workers: []))
    let status = """
      {"run":"night-1","written":"2026-11-24T10:00:00Z","counts":{"waiting":1,"leased":2,"done":3,"dead":0},
      "collecting":0,"isPaused":false,"rejectedRows":0,"droppedMessages":0,"workers":[{"name":"w","host":"h","cores":2,
      "numericClass":"c","executing":1,"leased":2,"finished":3,"failed":0,"isPaused":false,"isStalled":false}]}
      """
    samples = [line + line, line + error + line, Array(status.utf8)]
  }

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    var bytes = samples.randomElement(using: &random)!
    TextMutation.apply(&bytes, &random)
    return bytes
  }

  func read(_ input: [UInt8]) -> Bool {
    file.write(input)
    let status = LiveStatus(contentsOf: file.path)
    guard let records = try? MetadataRecords(file.path) else { return status != nil }
    precondition(records.faults.allSatisfy { $0.0 >= 1 && !$0.1.contains("\n") }, "\(records.faults)")
    // Every record is an item again, or none; asking does not trap.
    return records.byFile.values.contains { $0.item != nil } || status != nil
  }
}
