import Crypto
package import Foundation
package import NocturneFarm
import NocturneManifest
import NocturneWire

/// One result in an outbox segment: `magic, lengths, seal, run, receipt, artifact`.
///
/// The lengths (of run and receipt in 4 bytes each, of the artifact in 8; little-endian) are sealed together with run and
/// receipt by their SHA-256; the artifact's own is in the receipt. So a record is whole, or it is none.
package struct OutboxRecord {
  package let run: String
  package let receipt: Receipt
  /// Where the artifact's bytes are in the segment.
  package let artifact: Range<Int>

  private static let magic = Data("\u{0}outbox1".utf8)
  private static let lengthBytes = 16
  private static let headBytes = magic.count + lengthBytes + SHA256.byteCount

  /// The bytes of a record, and where in them the artifact begins.
  package static func bytes(run: String, receipt: Receipt, contents: Data) -> (bytes: Data, artifact: Int) {
    let words = Data(run.utf8) + receipt.serialized
    var lengths = Data(capacity: lengthBytes)
    withUnsafeBytes(of: UInt32(run.utf8.count).littleEndian) { lengths.append(contentsOf: $0) }
    withUnsafeBytes(of: UInt32(words.count - run.utf8.count).littleEndian) { lengths.append(contentsOf: $0) }
    withUnsafeBytes(of: UInt64(contents.count).littleEndian) { lengths.append(contentsOf: $0) }
    var bytes = Data(capacity: headBytes + words.count + contents.count)
    bytes += magic
    bytes += lengths
    bytes.append(contentsOf: SHA256.hash(data: lengths + words))
    bytes += words
    let artifact = bytes.count
    bytes += contents
    return (bytes, artifact)
  }

  /// Every whole record of a segment, oldest first. What a kill, a power cut or a bad disk tore is skipped, and what comes
  /// behind it is found by its magic.
  package static func scan(_ segment: Data) -> [OutboxRecord] {
    var records: [OutboxRecord] = []
    var rest = segment.startIndex
    while let start = segment.range(of: magic, in: rest..<segment.endIndex)?.lowerBound {
      if let record = OutboxRecord(segment, at: start) {
        records.append(record)
        rest = segment.startIndex + record.artifact.upperBound
      } else {
        rest = start + 1
      }
    }
    return records
  }

  /// Nil unless the record at `start` is whole.
  private init?(_ segment: Data, at start: Int) {
    let lengths = segment[(start + Self.magic.count)...].prefix(Self.lengthBytes)
    let seal = segment[lengths.endIndex...].prefix(SHA256.byteCount)
    guard seal.count == SHA256.byteCount else { return nil }
    let runBytes = Self.number(lengths.prefix(4))
    let wordBytes = runBytes + Self.number(lengths.dropFirst(4).prefix(4))
    let contentBytes = Self.number(lengths.dropFirst(8))
    let left = segment.endIndex - seal.endIndex
    guard wordBytes <= left, contentBytes <= left - wordBytes else { return nil }
    let words = segment[seal.endIndex...].prefix(wordBytes)
    let contents = segment[words.endIndex...].prefix(contentBytes)
    guard SHA256.hash(data: lengths + words) == seal,
      let receipt = try? Receipt(serialized: Data(words.dropFirst(runBytes))),
      receipt.facts.bytes == contents.count, hexadecimal(SHA256.hash(data: contents)) == receipt.facts.sha256
    else { return nil }
    run = String(decoding: words.prefix(runBytes), as: UTF8.self)
    self.receipt = receipt
    artifact = contents.startIndex - segment.startIndex..<contents.endIndex - segment.startIndex
  }

  /// Clamped: a length that is none is larger than any segment.
  private static func number(_ littleEndian: Data) -> Int {
    Int(clamping: littleEndian.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
}
