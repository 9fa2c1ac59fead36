import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire
import Testing

@Suite struct RunDirectoryTests {
  @Test func directoryThatCannotBeMadeIsRefused() throws {
    let scratch = Scratch()
    try Data().write(to: URL(fileURLWithPath: scratch.path + "/file"))
    let error = try #require(throws: RunError.self) { try RunDirectory(scratch.path + "/file/run").prepare() }
    #expect(error.code == .unwritable)
    #expect(error.exitStatus == 73)
    #expect(!error.description.contains("\n"))
  }

  /// Its files are made in a region of the disk of their own (where the file system has regions).
  @Test func partialFilesStandApart() throws {
    let scratch = Scratch()
    try scratch.run.prepare()
    try Data("half".utf8).write(to: URL(fileURLWithPath: scratch.run.partial + "/1.part"))
    try scratch.run.prepare()
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.run.partial) == ["1.part"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.run.state) == ["partial"])
  }

  @Test func whatAStartThatWasKilledLeftIsInNobodysWay() throws {
    let scratch = Scratch()
    try scratch.run.prepare()
    try Data("probe".utf8).write(to: URL(fileURLWithPath: scratch.run.audioFile(".nocturne-probe")))
    try scratch.run.prepare()
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.run.audio).isEmpty)
  }

  @Test func secondCoordinatorIsToldWhoHasTheDirectory() throws {
    let scratch = Scratch()
    try scratch.run.prepare()
    let lock = try scratch.run.takeLock()
    let error = try #require(throws: RunError.self) { try scratch.run.takeLock() }
    #expect(error.code == .locked)
    #expect(error.description.contains("process \(getpid())"))
    #expect(scratch.run.owner == Int(getpid()))
    withExtendedLifetime(lock) {}
  }

  @Test func lockEndsWithItsOwner() throws {
    let scratch = Scratch()
    try scratch.run.prepare()
    do { _ = try scratch.run.takeLock() }
    #expect(scratch.run.owner == nil)
    _ = try scratch.run.takeLock()
  }

  @Test(
    arguments: [
      (makeRecord(manifest: "two"), "manifest: the run has night.csv (one), now night.csv (two)"),
      (makeRecord(model: "beefbeefbeefbeef"), "model: the run has a1a1a1a1a1a1, now beefbeefbeef"),
      (
        makeRecord(settings: ["steps": "7", "seed": "1"]), "seed: the run has none, now 1; steps: the run has 5, now 7"
      ),
    ])
  func runOfAnotherManifestModelOrSettingIsRefusedReadably(_ record: RunRecord, _ difference: String) throws {
    let night = Night(items: makeItems(1))
    let shift = night.coordinate()
    _ = night.work()
    _ = try shift.verdict()
    let error = try #require(throws: RunError.self) { try night.coordinate(record: record).verdict() }
    #expect(error.code == .otherRun)
    #expect(error.exitStatus == 65)
    #expect(error.description.contains(difference))
    // And nothing happened to it.
    #expect(try night.coordinate().verdict().counts.done == 1)
  }

  @Test func damagedJournalIsReported() throws {
    let night = Night(items: makeItems(1))
    try night.scratch.run.prepare()
    try Data(repeating: 7, count: 9000).write(to: URL(fileURLWithPath: night.scratch.run.journal))
    let error = try #require(throws: RunError.self) { try night.coordinate().verdict() }
    #expect(error.code == .damaged)
    #expect(throws: RunError.self) { try RunStatus(reading: night.scratch.run) }
  }

  @Test func emptyDirectoryIsNoRun() throws {
    let error = try #require(throws: RunError.self) { try RunStatus(reading: Scratch().run) }
    #expect(error.code == .noRun)
    #expect(throws: RunError.self) { try RunVerifier(directory: Scratch().run).verify() }
  }
}
