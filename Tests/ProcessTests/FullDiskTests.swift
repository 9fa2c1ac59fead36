import Foundation
import Testing

/// A run directory that fills up pauses the run; room lets it go on; nothing is lost or torn.
struct FullDiskTests {
  /// Mounting a small file system needs root, and a kernel that lets it.
  private static let canMount: Bool = {
    let folder = FileManager.default.temporaryDirectory.appending(path: "nocturne-mount-\(getpid())").path
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let mounted = (try? shell("mount -t tmpfs -o size=1m nocturne-test \(folder)")) == 0
    if mounted { _ = try? shell("umount \(folder)") }
    return mounted
  }()

  @Test(.enabled(if: canMount, "SKIPPED LOUDLY: cannot mount a tmpfs here; run as root to test a full disk"))
  func aFullRunDirectoryPausesTheRunAndRoomLetsItFinish() throws {
    let work = try Workplace()
    let run = work.path("run")
    try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
    #expect(try Self.shell("mount -t tmpfs -o size=2m nocturne-test \(run)") == 0)
    defer {
      _ = try? Self.shell("umount -l \(run)")
      work.remove()
    }
    // Sixteen clips of four seconds need about four megabytes.
    let manifest = try work.captions(16)
    let process = try Binary.start(work.renderArguments(manifest, into: "run", more: ["--seconds", "4"]))
    #expect(
      eventually { process.errors.contains("pauses") || process.errors.contains("refuses") },
      "the full disk was not noticed: \(process.errors)")
    #expect(process.isRunning, "\(process.errors)")
    #expect(try Self.shell("mount -o remount,size=64m \(run)") == 0)
    let outcome = try process.wait(timeoutSeconds: 120)
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try work.digests(of: "run").count == 16)
    let verified = try Binary.run(["verify", run])
    #expect(verified.status == 0, "\(verified)")
  }

  @Test(.enabled(if: otherDisk != nil, "SKIPPED LOUDLY: /dev/shm is no other file system here"))
  func aRunDirectoryOnTwoFileSystemsIsRefusedAtOnce() throws {
    let work = try Workplace()
    let other = try #require(Self.otherDisk).appending(path: "nocturne-audio-\(UUID().uuidString)")
    defer {
      work.remove()
      try? FileManager.default.removeItem(at: other)
    }
    try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
    try FileManager.default.createDirectory(atPath: work.path("run"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: work.path("run/audio"), withDestinationPath: other.path)
    let outcome = try Binary.run(work.renderArguments(try work.captions(2), into: "run"), timeoutSeconds: 30)
    #expect(outcome.status == 73, "\(outcome)")
    #expect(outcome.errorLines.last?.contains("audio/ and state/ are on different file systems") == true, "\(outcome)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: other.path).isEmpty)
  }

  private static let otherDisk: URL? = {
    func device(_ path: String) -> Int? {
      (try? FileManager.default.attributesOfItem(atPath: path))?[.systemNumber] as? Int
    }
    let here = device(FileManager.default.temporaryDirectory.path)
    return device("/dev/shm").map { $0 != here } == true ? URL(filePath: "/dev/shm") : nil
  }()

  @Test(.enabled(if: canMount, "SKIPPED LOUDLY: cannot mount a tmpfs here; run as root to test a full disk"))
  func aMeasurementOnAFullDiskEnds() throws {
    let work = try Workplace()
    let small = work.path("small")
    try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
    #expect(try Self.shell("mount -t tmpfs -o size=2m nocturne-test \(small)") == 0)
    defer {
      _ = try? Self.shell("umount -l \(small)")
      work.remove()
    }
    let outcome = try Binary.run(["bench", "farm", "--items", "3000", "--folder", small], timeoutSeconds: 60)
    #expect([73, 75].contains(outcome.status) && outcome.errors.contains("measure in another --folder"), "\(outcome)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: small).isEmpty)
  }

  private static func shell(_ command: String) throws -> Int32 {
    try RunningProcess(executable: URL(filePath: "/bin/sh"), arguments: ["-c", command], environment: [:], input: nil)
      .wait(timeoutSeconds: 20).status
  }
}
