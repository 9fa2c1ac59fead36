import NocturneCPU
import NocturneTensor
import NocturneTesting
import Testing

@Suite struct AgreementTests {
  @Test(arguments: BackendChoice.all)
  func everyOperationAgreesWithTheReference(choice: BackendChoice) {
    #expect(agreement(of: choice.backend(), choice.rounding).map(\.description) == [])
  }

  @Test(arguments: BackendChoice.all)
  func rowsDoNotDependOnTheirCompany(choice: BackendChoice) {
    #expect(rowInvariance(of: choice.backend()).map(\.description) == [])
  }
}

/// The way products take on CPUs with AMX; here through whatever oneDNN finds.
@Suite struct OneDNNTests {
  static let choices: [BackendChoice] =
    [BackendChoice(instructionSet: .ofThisCPU, precision: .f32, oneDNN: true)]
    + (InstructionSet.ofThisCPU.multipliesBF16
      ? [BackendChoice(instructionSet: .ofThisCPU, precision: .bf16, oneDNN: true)] : [])

  @Test(arguments: choices)
  func everyOperationAgreesWithTheReference(choice: BackendChoice) {
    #expect(agreement(of: choice.backend(), choice.rounding).map(\.description) == [])
  }

  @Test(arguments: choices)
  func rowsDoNotDependOnTheirCompany(choice: BackendChoice) {
    #expect(rowInvariance(of: choice.backend()).map(\.description) == [])
  }
}
