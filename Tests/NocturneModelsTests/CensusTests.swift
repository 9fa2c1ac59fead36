import NocturneModels
import Testing

/// Model.md section 10, check 1, and the arithmetic of section 4.7.
struct CensusTests {
  @Test func paperHasThePublishedCounts() {
    let census = ModelCensus(NamedConfiguration.paper.configuration)
    #expect(census.mulan == 195_275_776)
    #expect(census["lm"] == 429_968_384)
    #expect(census["tokenizer"] == 200_639_872)
    #expect(census["dpd"] == 295_754_240)
    #expect(census["vae_encoder"] == 40_308_928)
    #expect(census["vae_decoder"] == 60_963_265)
    #expect(census["rvq"] == 1_572_864)
  }

  @Test func paperCostsWhatTheSpecificationSays() {
    let work = ModelWork(NamedConfiguration.paper.configuration, seconds: 10)
    #expect(rounded(work.coarse) == 535)
    #expect(rounded(work.fine) == 193)
    #expect(rounded(work.forward) == 728)
    #expect(rounded(work.decoder) == 1190)
    #expect(rounded(work.lm) == 104)
    #expect(work.diffusion(steps: 5, guidance: 2.5) == 10 * work.forward)
    #expect(work.diffusion(steps: 5, guidance: 1) == 5 * work.forward)
    #expect(rounded(work.text) < 10)
    // All that `lm` counts, but for the head's rows of text codes.
    #expect(250 * (work.lmWeights + 1024 * (13_313 - 1024)) == work.lm)
  }

  @Test func decoderCosts119GigaPerSecond() {
    #expect(rounded(ModelWork(NamedConfiguration.paper.configuration, seconds: 1).decoder) == 119)
  }

  @Test func paperFitsTheMemoryBound() {
    let bytes = ModelWork.memory(NamedConfiguration.paper.configuration, seconds: 10, bytesPerWeight: 2)
    #expect(bytes > 1_800_000_000 && bytes < 6_000_000_000)
  }

  @Test func demoIsSmallOnDisk() {
    let census = ModelCensus(NamedConfiguration.demo.configuration)
    let external = TextTower.externalLayout(NamedConfiguration.demo.configuration).parameters
    // bf16, text path, without the encoder that a package carries.
    #expect((census.textPath - external) * 2 < 60_000_000)
  }

  /// Billions, to the nearest.
  private func rounded(_ operations: Int) -> Int { (operations + 500_000_000) / 1_000_000_000 }
}
