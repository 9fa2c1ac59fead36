import Crypto
import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

/// What the outbox holds for one run: `<lease>.artifact` for each result, and `receipts.jsonl`.
///
/// An artifact is in the outbox as long as its file is there; the receipts of those that are gone are dead lines, swept
/// out when nothing is left or when they outgrow the living. So an acknowledgement costs one removal, not two.
final class OutboxFolder {
  private let path: String
  private var log: OpenFile
  private var held: Set<Lease> = []
  /// Lines in the log, dead ones included.
  private var lines = 0
  private let encoder = JSONEncoder()

  private struct Line: Codable {
    var run: String
    var receipt: Receipt
  }

  init(_ path: String) throws(FileFault) {
    self.path = path
    try Directory.make(path)
    log = try OpenFile(path + "/" + Self.logName, .append)
  }

  private static let logName = "receipts.jsonl"

  func artifact(_ lease: Lease) -> String { path + "/" + Self.name(of: lease) }

  /// Results that are whole, oldest first; everything else is removed.
  func load() throws(FileFault) -> [(run: String, receipt: Receipt)] {
    let text = try OpenFile(path + "/" + Self.logName, .read).read(at: 0, length: try log.size())
    var found: [Line] = []
    var names: Set<String> = [Self.logName]
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(line)),
        !names.contains(Self.name(of: line.receipt.lease)), isWhole(line.receipt)
      else { continue }
      names.insert(Self.name(of: line.receipt.lease))
      found.append(line)
    }
    for name in try Directory.names(in: path) where !names.contains(name) { try Directory.remove(path + "/" + name) }
    held = Set(found.map(\.receipt.lease))
    try rewrite(found)
    return found.map { ($0.run, $0.receipt) }
  }

  private func isWhole(_ receipt: Receipt) -> Bool {
    let path = artifact(receipt.lease)
    guard Directory.size(of: path) == receipt.facts.bytes, let data = FileManager.default.contents(atPath: path)
    else { return false }
    return SHA256.hash(data: data).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
      == receipt.facts.sha256
  }

  private func rewrite(_ found: [Line]) throws(FileFault) {
    var text = Data()
    for line in found { text += encoded(line) }
    try Directory.replace(path + "/" + Self.logName, with: text)
    log = try OpenFile(path + "/" + Self.logName, .append)
    lines = found.count
  }

  private func encoded(_ line: Line) -> Data {
    guard let text = try? encoder.encode(line) else {
      preconditionFailure("OutboxFolder: the receipt of \(line.receipt.lease.item) has a number that JSON lacks")
    }
    return text + Data("\n".utf8)
  }

  /// See `OutboxDirectory.store`.
  func store(_ arrivals: [OutboxDirectory.Arrival], run: String) -> [FileFault?] {
    var faults = [FileFault?](repeating: nil, count: arrivals.count)
    var files = [log]
    var text = Data()
    for (index, arrival) in arrivals.enumerated() {
      do throws(FileFault) {
        let lease = arrival.receipt.lease
        try Directory.move(arrival.file, to: artifact(lease))
        files.append(try OpenFile(artifact(lease), .read))
        text += encoded(Line(run: run, receipt: arrival.receipt))
        held.insert(lease)
        lines += 1
      } catch {
        faults[index] = error
      }
    }
    do throws(FileFault) {
      // A line that was torn by a full disk ends here, whatever it was.
      try log.write(text)
      if try OpenFile.sync(files) == .files { try Directory.sync(path) }
    } catch {
      try? log.write(Data("\n".utf8))
      for (index, arrival) in arrivals.enumerated() where faults[index] == nil {
        faults[index] = error
        discard(arrival.receipt.lease)
      }
    }
    return faults
  }

  func discard(_ lease: Lease) {
    guard held.remove(lease) != nil else { return }
    try? Directory.remove(artifact(lease))
    if held.isEmpty, lines > 64 {
      try? log.truncate(to: 0)
      lines = 0
    } else if lines > 2 * held.count + 4096 {
      sweep()
    }
  }

  /// Throws the dead lines out.
  private func sweep() {
    guard let text = FileManager.default.contents(atPath: path + "/" + Self.logName) else { return }
    let living = text.split(separator: UInt8(ascii: "\n")).compactMap { line in
      try? JSONDecoder().decode(Line.self, from: Data(line))
    }
    try? rewrite(living.filter { held.contains($0.receipt.lease) })
  }

  private static func name(of lease: Lease) -> String {
    let row = lease.item.row.utf8.count <= 150 ? lease.item.row : short(lease.item.row)
    return "\(row)-t\(lease.item.take)-a\(lease.attempt)-\(String(lease.token, radix: 16)).artifact"
  }

  /// A run's name comes from the coordinator; one that is no plain file name is replaced by its digest.
  static func name(of run: String) -> String {
    isSafeFileName(run) && run != "lock" ? run : "run-" + short(run)
  }

  private static func short(_ text: String) -> String {
    SHA256.hash(data: Data(text.utf8)).prefix(8).map { String($0, radix: 16) }.joined()
  }
}
