import Foundation
import NocturneCPU
import NocturneModels
import NocturneTensor
import Testing

/// Text tower and quantizer against PyTorch, stage by stage.
struct TextAgreementTests {
  static let captions = [
    "a slow jazz piece with piano and drums",
    "Upbeat electronic dance track, energetic synth melody & deep bass!",
    "Café lullaby",
  ]

  @Test(arguments: TestedBackend.allCases, 0..<3)
  func everyLayerOfTheTextEncoderAgrees(backend: TestedBackend, caption: Int) throws {
    let melody = backend.melody
    let fixture = try Fixture("text", on: melody.backend)
    let ids = try fixture.integers("caption.\(caption).ids")
    let states = melody.text.encoder.states(ids)
    #expect(states.count == melody.configuration.mulan.bert.layers + 1)
    for (index, state) in states.enumerated() {
      let expected = try fixture.tensor("caption.\(caption).hidden.\(index)")
      expectAgreement(state, expected, within: backend.tolerance, "hidden \(index)")
    }
    let pooled = try fixture.tensor("caption.\(caption).pooled")
    expectAgreement(melody.text.encoder(ids), pooled, within: backend.tolerance, "pooled")
    let embedding = try fixture.tensor("caption.\(caption).embedding")
    expectAgreement(melody.text(ids), embedding.values, within: backend.tolerance, "embedding")
  }

  @Test(arguments: TestedBackend.exact, 0..<3)
  func captionsBecomeTheSameIdsAndCodes(backend: TestedBackend, caption: Int) throws {
    let melody = backend.melody
    let fixture = try Fixture("text", on: melody.backend)
    let encoding = melody.wordPiece.encode(Self.captions[caption], limit: melody.configuration.mulan.bert.maxTokens)
    #expect(try encoding.ids == fixture.integers("caption.\(caption).ids"))
    let prefix = try melody.embed([Self.captions[caption]])[0]
    #expect(try prefix.tokens == fixture.integers("caption.\(caption).codes"))
    #expect(!prefix.truncated)
  }

  /// The demo configuration's encoder, where its package is installed.
  @Test(.enabled(if: TextEncoderPackage.directory != nil))
  func externalEncoderAgrees() throws {
    let folder = try TemporaryFolder()
    let directory = folder.url.appendingPathComponent("demo")
    try CheckpointMaker(NamedConfiguration.demo.configuration).make(directory)
    for backend in [CPUBackend(threads: 2, precision: .f32), CPUBackend(threads: 2, precision: .bf16)] {
      let melody = try MeLoDy(
        directory: directory, backend: backend, textEncoderDirectory: TextEncoderPackage.directory)
      let fixture = try Fixture("text-demo", on: backend)
      for (index, caption) in Self.captions.enumerated() {
        let ids = melody.wordPiece.encode(caption, limit: 256).ids
        #expect(try ids == fixture.integers("caption.\(index).ids"))
        let pooled = try fixture.tensor("caption.\(index).pooled")
        let tolerance = backend.roundsToBF16 ? 2e-2 : 1e-4
        expectAgreement(melody.text.encoder(ids), pooled, within: tolerance, "\(backend.numericClass) \(index)")
      }
    }
  }

  @Test(arguments: TestedBackend.allCases)
  func quantizerChoosesTheSameCodes(backend: TestedBackend) throws {
    let melody = backend.melody
    let fixture = try Fixture("text", on: melody.backend)
    let embeddings = try fixture.tensor("rvq.embeddings")
    let codes = try fixture.table("rvq.codes")
    for row in 0..<embeddings.shape[0] {
      #expect(melody.quantizer.encode(embeddings.rows(row..<row + 1).values) == codes[row])
    }
  }
}
