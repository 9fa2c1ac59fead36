import Foundation
import NocturneManifest
import Testing

struct ReportTests {
  @Test func idsThatDifferOnlyInCaseAreNotedOrRefused() throws {
    let path = Repository.fixture("faulty/caseCollision.csv")
    let plain = try ManifestReader(path: path).read()
    let notes = plain.summary.report.notes
    #expect(notes.map(\.location.line) == [4, 7])
    #expect(try #require(notes.first).description.hasPrefix("\(path):4:1: note: "))
    let folding = try ManifestReader(path: path, options: .init(caseFolding: true)).read()
    #expect(folding.items.map(\.key.row) == ["abC", "xyz", "STRASSE"])
    #expect(
      folding.badRows.flatMap(\.faults).map(ExpectedFault.init)
        == [.init(.caseCollision, 4, 1), .init(.duplicateID, 5, 1), .init(.caseCollision, 7, 1)])
    #expect(folding.summary.report.notes.isEmpty)
  }

  @Test func takesThatDifferOnlyInCaseCollideOnlyWhereCaseIsFolded() throws {
    let text =
      "id,caption,takes\na,one,2\nA-t2,two,1\nB-t1,three,1\nb,four,2\n"
      + "c,five,2\nc-T2,six,1\nd-T1,seven,1\nd,eight,1\n"
    #expect(try read(text).badRows.isEmpty)
    #expect(try read(text).summary.report.noteCounts[.idsDifferOnlyInCase] == 3)
    let folding = try read(text, options: .init(caseFolding: true))
    #expect(folding.badRows.flatMap(\.faults).map(\.code) == [.caseCollision, .caseCollision, .caseCollision])
  }

  @Test func takesOfTheRunCollideAsThoseOfARowDo() throws {
    let text = "id,caption,takes\na,one,\na-t2,two,1\n"
    #expect(try read(text).badRows.isEmpty)
    #expect(try read(text, options: .init(run: .init(takes: 2))).badRows.map(\.id) == ["a-t2"])
  }

  @Test func overLongRowsAreRefusedAndTheNextOneIsRead() throws {
    let long = String(repeating: "x", count: 1 << 20)
    for text in ["id,caption\na,\(long)\nb,two\n", "id,caption\na,\"\(long)\"\nb,two\n"] {
      let manifest = try read(text)
      #expect(manifest.badRows.flatMap(\.faults).map(ExpectedFault.init) == [.init(.lineTooLong, 2, 1)])
      #expect(manifest.items.map(\.key.row) == ["b"])
    }
    let lines = try read("fits\n\(long)x\nlast\n")
    #expect(lines.badRows.flatMap(\.faults).map(ExpectedFault.init) == [.init(.lineTooLong, 2, 1)])
    #expect(lines.items.map(\.key.row) == ["000001", "000003"])
  }

  @Test func aRowOfThousandsOfColumnsIsRefused() throws {
    let manifest = try read("id,caption\na,one\nb\(String(repeating: ",", count: 5000))\nc,three\n")
    #expect(manifest.badRows.flatMap(\.faults).map(\.code) == [.wrongColumnCount])
    #expect(manifest.items.map(\.key.row) == ["a", "c"])
  }

  @Test func deeplyNestedJSONIsRefused() throws {
    let deep = String(repeating: "[", count: 100_000)
    let manifest = try read("{\"id\":\"a\",\"caption\":\"one\"}\n{\"id\":\"b\",\"x\":\(deep)\n")
    #expect(manifest.badRows.flatMap(\.faults).map(\.code) == [.badJSON])
  }

  @Test func theReportKeepsTheFirstThousandAndCountsAll() throws {
    let text = "id,caption\n" + (1...1500).map { "a\($0),\n" }.joined() + "good,one\n"
    let manifest = try read(text)
    #expect(manifest.summary.report.bad.count == ValidationReport.keptEntries)
    #expect(manifest.summary.report.faultCounts == [.emptyCaption: 1500])
    #expect(manifest.badRows.count == 1500)
  }

  @Test func aLimitHandsOutTheBadRowsAmongTheFirstGoodOnesOnly() throws {
    let text = "id,caption\na,one\nb,\nc,two\nd,\ne,three\n"
    let manifest = try read(text, options: .init(limit: 2))
    #expect(manifest.items.map(\.key.row) == ["a", "c"])
    #expect(manifest.badRows.map(\.id) == ["b"])
    #expect(manifest.summary.report.badRows == 2)
    #expect(manifest.badRows.map(\.row) == [2])
  }

  @Test func whatTheClosureThrowsEndsTheReading() {
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try ManifestReader(bytes: Array("id,caption\na,one\n".utf8), name: "test").forEach { _ in throw Stop() }
    }
  }

  @Test func settingsOfTheRunOutsideTheirRangeAreRefused() throws {
    let options = ManifestReader.Options(run: .init(seconds: 11), limits: RenderLimits(maximumSeconds: 10))
    let error = try #require(throws: ManifestError.self) { try read("id,caption\na,one\n", options: options) }
    #expect(error.code == .outOfRange)
  }

  @Test func theReportIsReadableJSON() throws {
    let report = try read("id,caption\na,one\nb,\n").summary.report
    let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any]
    #expect((json?["faultCounts"] as? [String: Int]) == ["emptyCaption": 1])
    #expect(json?["badRows"] as? Int == 1)
  }

  @Test func textOfTheManifestCannotBreakOutOfItsLine() throws {
    let manifest = try read("id,caption\n\"a\n\u{1B}[2J\u{202E}\(String(repeating: "y", count: 90))\",x\n")
    let text = try #require(manifest.badRows.first?.faults.first).description
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E }, "\(text)")
    #expect(text.count < 200)
  }
}
