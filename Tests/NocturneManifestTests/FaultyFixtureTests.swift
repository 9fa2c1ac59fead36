import NocturneManifest
import Testing

struct FaultyFixtureTests {
  private let options = ManifestReader.Options(limits: RenderLimits(maximumSeconds: 10))

  @Test(arguments: FaultyRows.table)
  func badRowsAreReportedWhereTheyStandAndGoodRowsRun(expected: FaultyRows) throws {
    let path = Repository.fixture("faulty/\(expected.file)")
    let manifest = try ManifestReader(path: path, options: options).read()
    let found = manifest.badRows.flatMap(\.faults)
    #expect(found.map(ExpectedFault.init) == expected.faults.map { ExpectedFault($0.0, $0.1, $0.2) }, "\(found)")
    #expect(Set(manifest.items.map(\.key.row)).count == expected.good)
    let report = manifest.summary.report
    #expect(report.goodRows == expected.good)
    #expect(report.badRows == manifest.badRows.count)
    #expect(report.rows == report.goodRows + report.badRows)
    for fault in found {
      #expect(fault.description.hasPrefix("\(path):\(fault.location.line):\(fault.location.column): "))
      #expect(fault.description.split(whereSeparator: \.isNewline).count == 1, "one line: \(fault)")
    }
  }

  @Test(arguments: FaultyRows.table)
  func strictRefusesTheManifestAtItsFirstFault(expected: FaultyRows) throws {
    var options = options
    options.strict = true
    let reader = ManifestReader(path: Repository.fixture("faulty/\(expected.file)"), options: options)
    var bad = 0
    let error = try #require(throws: ManifestError.self) {
      try reader.forEach(badRow: { _ in bad += 1 }, item: { _ in #expect(bad == 0, "an item after a bad row") })
    }
    let first = try #require(expected.faults.first)
    #expect(ExpectedFault(error) == ExpectedFault(.refused, first.1, first.2))
    #expect(bad > 0)
  }

  @Test(arguments: RefusedFile.table)
  func filesThatAreNoManifestAreRefusedWithTheirReason(expected: RefusedFile) throws {
    let reader = ManifestReader(path: Repository.fixture("faulty/\(expected.file)"), options: options)
    let error = try #require(throws: ManifestError.self) { try reader.read() }
    #expect(ExpectedFault(error) == ExpectedFault(expected.code, expected.line, expected.column), "\(error)")
    #expect(error.description.split(whereSeparator: \.isNewline).count == 1)
  }

  @Test func missingFilesAndFoldersAreUnreadable() throws {
    for path in ["/nowhere/at/all.csv", Repository.fixture("faulty")] {
      let error = try #require(throws: ManifestError.self) { try ManifestReader(path: path).validate() }
      #expect(error.code == .unreadable)
      #expect(error.description.hasPrefix("\(path): cannot read the manifest"), "\(error)")
    }
  }

  @Test func everyFixtureIsExpectedAndEveryCodeHasOne() throws {
    let files = FaultyRows.table.map(\.file) + RefusedFile.table.map(\.file)
    #expect(try Repository.names(in: Repository.fixture("faulty")) == files.sorted())
    // The rest is shown by tests of their own: over-long rows are written on the spot, a case collision needs a
    // file system that folds case.
    let elsewhere: Set<ManifestError.Code> = [.unreadable, .refused, .lineTooLong, .caseCollision]
    let shown = Set(FaultyRows.table.flatMap { $0.faults.map(\.0) } + RefusedFile.table.map(\.code))
    #expect(shown.union(elsewhere) == Set(ManifestError.Code.allCases))
    #expect(shown.isDisjoint(with: elsewhere))
  }

  @Test func fixturesAreNamedByTheFaultTheyCarry() {
    func name(_ file: String) -> Substring { file.prefix { $0 != "." && $0 != "-" } }
    for rows in FaultyRows.table where rows.file != "caseCollision.csv" {
      #expect(rows.faults.contains { $0.0.rawValue == name(rows.file) }, "\(rows.file)")
    }
    for refused in RefusedFile.table { #expect(refused.code.rawValue == name(refused.file)) }
  }
}
