import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire
import NocturneWorker

/// The reader of outbox segments. Half of the damaged records are sealed again, so that what lies behind the seal is read.
struct OutboxTarget: FuzzTarget {
  static let name = "outbox"
  static let share = 15.0

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    var segment: [UInt8] = []
    for number in 0..<Int.random(in: 1...4, using: &random) {
      var receipt = FuzzSamples.receipt
      receipt.notes.append("record \(number)")
      var record = Array(
        OutboxRecord.bytes(run: "night-1", receipt: receipt, contents: FuzzSamples.contents).bytes)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: break
      case 1: ByteMutation.apply(&record, &random)
      default: record = forged(receipt, &random)
      }
      segment += record
    }
    if Int.random(in: 0..<4, using: &random) == 0 { ByteMutation.apply(&segment, &random) }
    return segment
  }

  /// A record of lies whose seal is right.
  private func forged(_ receipt: Receipt, _ random: inout SeededGenerator) -> [UInt8] {
    var words = Array(receipt.serialized)
    if var tree = ProtobufTree(words[...]) {
      tree.mutate(&random)
      words = tree.bytes
    }
    func length(_ honest: Int) -> UInt64 {
      Int.random(in: 0..<4, using: &random) > 0 ? UInt64(honest) : ByteMutation.numbers.randomElement(using: &random)!
    }
    let run = Array("night-1".utf8)
    let lengths = [(length(run.count), 4), (length(words.count), 4), (length(FuzzSamples.contents.count), 8)]
      .flatMap { number, width in (0..<width).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) } }
    return Array("\u{0}outbox1".utf8) + lengths + sha256Bytes(lengths + run + words) + run + words
      + FuzzSamples.contents
  }

  func read(_ input: [UInt8]) -> Bool {
    let records = OutboxRecord.scan(Data(input))
    for record in records {
      precondition(record.artifact.upperBound <= input.count && record.artifact.count == record.receipt.facts.bytes)
      precondition(sha256(Data(input[record.artifact])) == record.receipt.facts.sha256, "a torn artifact")
    }
    // The same bytes as a slice that does not begin at zero.
    precondition(OutboxRecord.scan((Data([0]) + Data(input)).dropFirst()).count == records.count)
    return !records.isEmpty
  }
}
