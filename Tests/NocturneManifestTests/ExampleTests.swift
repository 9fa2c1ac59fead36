import NocturneManifest
import Testing

/// The worked examples are what people copy from: each must read without a fault.
struct ExampleTests {
  private static let formats: [(String, ManifestFormatKind, Int)] = [
    ("example-musiccaps.csv", .musicCaps, 3), ("example-openai-batch.jsonl", .openAIBatch, 2),
    ("example.csv", .csv, 6), ("example.jsonl", .jsonLines, 4), ("example.tsv", .tsv, 2),
    ("example.txt", .plainText, 3), ("first-night.csv", .musicCaps, 16),
  ]

  private static func read(_ name: String) throws -> Manifest {
    try ManifestReader(
      path: Repository.file("Manifests/\(name)"), options: .init(limits: RenderLimits(maximumSeconds: 10), strict: true)
    ).read()
  }

  @Test(arguments: formats)
  func eachExampleIsOfItsFormat(example: (String, ManifestFormatKind, Int)) throws {
    let manifest = try Self.read(example.0)
    #expect(manifest.summary.format == example.1)
    #expect(manifest.items.count == example.2)
    #expect(manifest.summary.report.noteCounts.isEmpty)
  }

  @Test func everyExampleAndEveryFormatIsCovered() throws {
    #expect(try Repository.names(in: Repository.file("Manifests")) == Self.formats.map(\.0))
    #expect(Set(Self.formats.map(\.1)) == Set(ManifestFormatKind.allCases))
  }

  @Test func optionColumnsOfTheExampleArriveInTheItems() throws {
    let items = try Self.read("example.csv").items
    let harbour = try #require(items.first { $0.key.row == "harbour-accordion" })
    #expect(harbour.spec == RenderSpec(steps: 10, guidance: 3.5, seconds: 8, schedule: .uniform, format: .wav))
    #expect(harbour.seed == 1234)
    #expect(harbour.fileName == "harbour-accordion.wav")
    #expect(harbour.extra == ["mood": "wistful"])
    #expect(
      items.filter { $0.key.row == "three-tries" }.map(\.fileName)
        == ["three-tries-t1.flac", "three-tries-t2.flac", "three-tries-t3.flac"])
  }

  @Test func theFirstNightIsSixteenDifferentCaptionsInMusicCapsColumns() throws {
    let manifest = try Self.read("first-night.csv")
    #expect(Set(manifest.items.map(\.caption)).count == 16)
    #expect(manifest.items.allSatisfy { $0.key.row.hasPrefix("fn-") })
    #expect(
      manifest.items.allSatisfy {
        Set($0.extra.keys) == [
          "start_s", "end_s", "audioset_positive_labels", "aspect_list", "author_id", "is_balanced_subset",
          "is_audioset_eval",
        ]
      })
  }

  @Test func theOvernightJobRendersTheFirstNight() throws {
    let job = try Job.read(path: Repository.file("Jobs/overnight.yaml"))
    #expect(Job.isJob(path: Repository.file("Jobs/overnight.yaml")))
    #expect(job.settings.takes == 2)
    #expect(job.retry == Job.Retry(limit: 3, backoffSeconds: 5, backoffLimitSeconds: 300))
    #expect(job.sharding == Job.Sharding(targetSeconds: 60, maxItems: 16))
    let manifest = try ManifestReader(path: job.manifest, options: .init(run: job.settings, strict: true)).read()
    #expect(manifest.items.count == 32)
    #expect(manifest.items.allSatisfy { $0.spec.steps == 8 })
    #expect(manifest.items[1].fileName == "fn-01-slow-piano-ballad-t2.flac")
  }

  @Test func theMusicCapsJobPointsBesideTheCheckout() throws {
    let path = Repository.file("Jobs/musiccaps.yaml")
    let job = try Job.read(path: path)
    #expect(Job.isJob(path: path))
    #expect(job.manifest == Repository.file("Jobs/") + "/../../shared/data/musiccaps-public.csv")
    #expect(job.endpoints == Job.Endpoints(listen: "tcp://127.0.0.1:5555", insecureLoopback: true))
  }
}
