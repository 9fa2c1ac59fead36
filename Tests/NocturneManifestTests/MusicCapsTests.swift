import NocturneManifest
import Testing

/// The published caption set, where it is at hand (it is not part of the repository).
@Suite(.enabled(if: Repository.musicCaps() != nil, "shared/data/musiccaps-public.csv is not beside the checkout"))
struct MusicCapsTests {
  @Test func all5521RowsAreGood() throws {
    let path = try #require(Repository.musicCaps())
    let manifest = try ManifestReader(path: path, options: .init(limits: RenderLimits(maximumSeconds: 10))).read()
    let report = manifest.summary.report
    #expect(manifest.summary.format == .musicCaps)
    #expect(report.rows == 5521)
    #expect(report.badRows == 0, "\(report.bad.prefix(5))")
    #expect(manifest.items.count == 5521)
    #expect(Set(manifest.items.map(\.fileName)).count == 5521)
    #expect(manifest.items.filter { $0.caption.unicodeScalars.contains("\n") }.count == 5)
    #expect(manifest.items.filter { $0.extra["is_balanced_subset"] == "True" }.count == 1000)
    #expect(manifest.items[0].key.row == "-0Gj8-vB1q4")
    #expect(manifest.items[0].extra["audioset_positive_labels"] == "/m/0140xf,/m/02cjck,/m/04rlf")
    #expect(Set(manifest.items.map(\.seed)).count == 5521)
  }

  @Test func aCaseFoldingFileSystemTakesAsManyRowsAsTheIdsAllow() throws {
    let path = try #require(Repository.musicCaps())
    let plain = try ManifestReader(path: path).read()
    let distinct = Set(plain.items.map { $0.key.row.lowercased() }).count
    let folding = try ManifestReader(path: path, options: .init(caseFolding: true)).read()
    #expect(folding.items.count == distinct)
    #expect(plain.summary.report.noteCounts[.idsDifferOnlyInCase, default: 0] == 5521 - distinct)
    #expect(folding.summary.report.faultCounts[.caseCollision, default: 0] == 5521 - distinct)
  }

  @Test func aLimitSelectsTheFirstRowsAndStillValidatesAll() throws {
    let path = try #require(Repository.musicCaps())
    let manifest = try ManifestReader(path: path, options: .init(limit: 200)).read()
    #expect(manifest.items.count == 200)
    #expect(manifest.summary.report.selectedRows == 200)
    #expect(manifest.summary.report.goodRows == 5521)
    #expect(manifest.summary.sha256 == (try ManifestReader(path: path).validate()).sha256)
  }
}
