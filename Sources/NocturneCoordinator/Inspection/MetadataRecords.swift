import Foundation
import NocturneFarm
import NocturneJSON
package import NocturneManifest
package import NocturneWire

/// `metadata.jsonl` as it stands.
package struct MetadataRecords {
  /// The columns that make up an item and its receipt.
  package struct Record: Decodable {
    var fileName: String
    var id: String
    var take: Int
    var caption: String
    var seed: UInt64
    var seconds: Double
    var steps: Int
    var guidance: Double
    var schedule: AngleScheduleKind
    var sha256: String
    var frames: Int
    var sampleRate: Int
    var modelFingerprint: String
    var numericClass: String
    var attempt: Int
    var worker: String
    var stageSeconds: [String: Double?]
    var peakDBFS: Double
    var rmsDBFS: Double
    var integratedLUFS: Double?
    var notes: String?

    private enum CodingKeys: String, CodingKey {
      case fileName = "file_name"
      case id, take, caption, seed, seconds, steps, guidance, schedule, sha256, frames
      case sampleRate = "sample_rate"
      case modelFingerprint = "model_fingerprint"
      case numericClass = "numeric_class"
      case attempt, worker
      case stageSeconds = "stage_seconds"
      case peakDBFS = "peak_dbfs"
      case rmsDBFS = "rms_dbfs"
      case integratedLUFS = "integrated_lufs"
      case notes
    }

    var key: ItemKey { ItemKey(row: id, take: take) }

    /// Whether the line says of the audio what the journal says; of the item the journal knows no more than its key.
    func agrees(with receipt: Receipt) -> Bool {
      let facts = receipt.facts
      return key == receipt.lease.item && attempt == receipt.lease.attempt && worker == receipt.worker.name
        && modelFingerprint == receipt.modelFingerprint && numericClass == receipt.numericClass
        && sha256 == facts.sha256 && frames == facts.frames && sampleRate == facts.sampleRate
        && peakDBFS == facts.peakDBFS && rmsDBFS == facts.rmsDBFS && integratedLUFS == facts.integratedLUFS
        && stageSeconds.compactMapValues(\.self) == receipt.stageSeconds
        && notes ?? "" == receipt.notes.joined(separator: "; ")
    }

    /// The item as it was rendered; nil when the file name has no format of ours.
    package var item: Item? {
      guard let format = AudioFormat(rawValue: (fileName as NSString).pathExtension) else { return nil }
      return Item(
        key: key, caption: caption,
        spec: RenderSpec(steps: steps, guidance: guidance, seconds: seconds, schedule: schedule, format: format),
        seed: seed, fileName: (fileName as NSString).lastPathComponent)
    }
  }

  package private(set) var byFile: [String: Record] = [:]
  /// Lines that are no record, or stand twice: number from 1, and why.
  package private(set) var faults: [(Int, String)] = []

  /// - Throws: `FileFault` where the file is there and cannot be read.
  package init(_ path: String) throws(FileFault) {
    guard let contents = try Directory.contents(of: path) else { return }
    let decoder = JSONDecoder()
    for (index, line) in contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      if line.isEmpty, line.startIndex == contents.endIndex { break }
      guard isShallow(line), let record = try? decoder.decode(Record.self, from: Data(line)) else {
        faults.append((index + 1, "is no metadata line; a rerun writes the file anew"))
        continue
      }
      if byFile.updateValue(record, forKey: record.fileName) != nil {
        faults.append((index + 1, "names \(quoted(record.fileName)) a second time; a rerun writes the file anew"))
      }
    }
  }
}
