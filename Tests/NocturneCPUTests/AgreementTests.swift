import NocturneCPU
import NocturneTensor
import NocturneTesting
import Testing

@Suite struct AgreementTests {
  @Test(arguments: BackendChoice.all)
  func everyOperationAgreesWithTheReference(choice: BackendChoice) {
    let bf16 = choice.precision == .bf16
    #expect(agreement(of: choice.backend(), bf16: bf16).map(\.description) == [])
  }

  @Test(arguments: BackendChoice.all)
  func rowsDoNotDependOnTheirCompany(choice: BackendChoice) {
    #expect(rowInvariance(of: choice.backend()).map(\.description) == [])
  }
}
