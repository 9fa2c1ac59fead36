import NocturneModels
import NocturneRender
import Testing

@Suite struct ClipLengthTests {
  private let paper = NamedConfiguration.paper.configuration

  @Test(arguments: [
    (10.0, 240_000, 2_500, 250), (1, 24_000, 250, 25), (0.7, 16_800, 175, 18), (0.101, 2_424, 26, 3),
    (3.33333, 80_000, 834, 84), (0.11, 2_640, 28, 3),
  ])
  func framesCoverSamplesAndTokensCoverFrames(seconds: Double, samples: Int, frames: Int, tokens: Int) throws {
    let length = try ClipLength(seconds: seconds, configuration: paper)
    #expect(length.samples == samples)
    #expect(length.latentFrames == frames)
    #expect(length.semanticTokens == tokens)
  }

  @Test(arguments: [-1, 0, 0.1, 10.0001, .infinity, .nan])
  func lengthsThatTheModelDoesNotHaveAreRefused(seconds: Double) {
    let error = #expect(throws: RenderError.self) { try ClipLength(seconds: seconds, configuration: paper) }
    #expect(error?.code == .impossibleRequest)
  }
}
