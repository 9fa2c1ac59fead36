import NocturneModels
import NocturneTensor
import Testing

/// VAE decoder against PyTorch, stage by stage.
struct DecoderAgreementTests {
  @Test(arguments: TestedBackend.allCases)
  func everyStageAgrees(backend: TestedBackend) throws {
    let melody = backend.melody
    let (decoder, fixture) = (melody.decoder, try Fixture("vae", on: melody.backend))
    let latents = try fixture.clip("latents")
    var x = latents.convolution(decoder.pre)
    // PyTorch keeps channels outside samples.
    expectAgreement(x.transposed(1, 2), try fixture.tensor("conv_pre"), within: backend.tolerance, "conv_pre")
    for (index, stage) in decoder.stages.enumerated() {
      let raised = stage.raise(x)
      let (up, mrf) = (try fixture.tensor("stage.\(index).up"), try fixture.tensor("stage.\(index).mrf"))
      expectAgreement(raised.transposed(1, 2), up, within: backend.tolerance, "stage \(index) raised")
      x = stage.mix(raised)
      expectAgreement(x.transposed(1, 2), mrf, within: backend.tolerance, "stage \(index) mixed")
    }
    expectAgreement(decoder(latents), try fixture.tensor("audio"), within: backend.tolerance, "audio")
  }
}
