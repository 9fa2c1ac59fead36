import NocturneTensor
import NocturneTesting
import Testing

/// Expects two tensors to agree within a backend's tolerance, and shows by how much they do not.
func expectAgreement(
  _ found: Tensor, _ expected: Tensor, within tolerance: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectAgreement(found.values, expected.values, within: tolerance, what, sourceLocation: sourceLocation)
}

func expectAgreement(
  _ found: [Float], _ expected: [Float], within tolerance: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let error = relativeError(found, expected)
  #expect(error <= tolerance, "\(what) differs by \(error)", sourceLocation: sourceLocation)
}
