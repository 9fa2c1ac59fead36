import NocturneManifest
import Testing

/// Random manifests against plain writers and the standard library; the seeds make each run the same.
struct RandomManifestTests {
  private static let scalars: [Unicode.Scalar] = [
    "a", "b", "Z", "0", " ", ",", "\t", "\"", "\"", "\n", "\r", "'", "\\", "{", "é", "ß", "\u{301}", "音", "🎵",
    "\u{10FFFF}",
  ]

  private static func text(_ rng: inout SeededGenerator, upTo length: Int) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0...length, using: &rng) {
      text.unicodeScalars.append(scalars.randomElement(using: &rng)!)
    }
    return text
  }

  /// RFC 4180: quoted where needed, sometimes where not.
  private static func cell(_ text: String, _ delimiter: String, _ rng: inout SeededGenerator) -> String {
    let special = text.unicodeScalars.contains { "\"\n\r\(delimiter)".unicodeScalars.contains($0) }
    guard special || Int.random(in: 0..<4, using: &rng) == 0 else { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars { quoted += scalar == "\"" ? "\"\"" : String(scalar) }
    return quoted + "\""
  }

  @Test(arguments: 1...200)
  func writtenTablesReadBackEqual(seed: Int) throws {
    var rng = SeededGenerator(seed: UInt64(seed))
    let delimiter = Bool.random(using: &rng) ? "," : "\t"
    let end = Bool.random(using: &rng) ? "\n" : "\r\n"
    let rows = (0..<Int.random(in: 1...12, using: &rng)).map { row in
      ["id-\(row)", "x" + Self.text(&rng, upTo: 20), Self.text(&rng, upTo: 6), Self.text(&rng, upTo: 6)]
    }
    var file = Bool.random(using: &rng) ? "\u{FEFF}" : ""
    file += ["id", "caption", "note", "other"].joined(separator: delimiter) + end
    for row in rows {
      file += row.map { Self.cell($0, delimiter, &rng) }.joined(separator: delimiter) + end
    }
    if Bool.random(using: &rng) { file.unicodeScalars.removeLast(end.unicodeScalars.count) }
    for blockSize in [1, 2, 3, 7, 1 << 16] {
      let manifest = try read(file, blockSize: blockSize)
      #expect(manifest.badRows.isEmpty, "\(manifest.badRows) in \(file.debugDescription)")
      let found = manifest.items.map { [$0.key.row, $0.caption, $0.extra["note"], $0.extra["other"]] }
      #expect(found.map { $0.map { $0.map { Array($0.utf8) } } } == rows.map { $0.map { Array($0.utf8) } })
    }
  }

  /// The standard library is the judge of UTF-8.
  @Test(arguments: 1...100)
  func aLineIsBadExactlyWhenItIsNotUTF8(seed: Int) throws {
    var rng = SeededGenerator(seed: UInt64(seed))
    let leads: [UInt8] = [
      0x41, 0x80, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF3, 0xF4, 0xF5, 0xFF, 0x9F, 0xA0, 0x8F, 0x90,
    ]
    let lines = (0..<40).map { _ in
      [UInt8(ascii: "x")] + (0..<Int.random(in: 1...5, using: &rng)).map { _ in leads.randomElement(using: &rng)! }
    }
    let manifest = try read(
      Array(lines.joined(separator: [0x0A])), blockSize: Int.random(in: 1...5, using: &rng))
    let good = lines.filter { String(validating: $0, as: UTF8.self) != nil }
    #expect(manifest.items.map { Array($0.caption.utf8) } == good)
    #expect(manifest.badRows.allSatisfy { $0.faults.map(\.code) == [.badUTF8] })
  }

  /// Damaged bytes never stop the reader, and where blocks end changes nothing.
  @Test(arguments: 1...300)
  func damagedManifestsAreJudgedAlikeInBlocksOfAnySize(seed: Int) throws {
    var rng = SeededGenerator(seed: UInt64(seed))
    let examples = try Repository.names(in: Repository.file("Manifests")).map { Repository.file("Manifests/\($0)") }
    var bytes = try Repository.bytes(examples.randomElement(using: &rng)!)
    let interesting = Array("\"\n\r,\t{}[]:\\\u{0}0\u{FEFF}".utf8) + [0xFF, 0xC3, 0xED, 0x80]
    for _ in 0..<Int.random(in: 1...8, using: &rng) {
      let index = Int.random(in: bytes.indices, using: &rng)
      switch Int.random(in: 0..<4, using: &rng) {
      case 0: bytes.remove(at: index)
      case 1: bytes.insert(interesting.randomElement(using: &rng)!, at: index)
      case 2: bytes[index] = UInt8.random(in: 0...255, using: &rng)
      default: bytes.removeSubrange(index..<min(bytes.count, index + 20))
      }
    }
    func judge(_ blockSize: Int) -> Result<Manifest, ManifestError> {
      do { return .success(try read(bytes, blockSize: blockSize)) } catch { return .failure(error as! ManifestError) }
    }
    let whole = judge(1 << 16)
    #expect(judge(1) == whole)
    #expect(judge(17) == whole)
    if case .success(let manifest) = whole {
      let report = manifest.summary.report
      #expect(report.rows == report.goodRows + report.badRows)
      #expect(Set(manifest.items.map(\.fileName)).count == manifest.items.count)
    }
  }
}
