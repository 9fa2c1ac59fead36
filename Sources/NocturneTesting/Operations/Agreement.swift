package import NocturneTensor

/// A case in which a backend does not agree with the reference.
package struct Disagreement: Sendable, CustomStringConvertible {
  package let name: String
  package let message: String

  package var description: String { "\(name): \(message)" }
}

extension OperationCase {
  /// Runs the case on both backends; nil where they agree. `rounding`: what `backend` rounds factors to.
  package func disagreement(of backend: any Backend, _ rounding: Rounding) -> Disagreement? {
    let expected = results(on: ReferenceBackend())
    let found = results(on: backend)
    guard found.count == expected.count else {
      return Disagreement(name: name, message: "\(found.count) results, expected \(expected.count)")
    }
    for (index, (a, b)) in zip(found, expected).enumerated() {
      guard a.shape == b.shape else {
        return Disagreement(name: name, message: "result \(index) has shape \(a.shape), expected \(b.shape)")
      }
      if let message = difference(a.values, b.values, rounding) {
        return Disagreement(name: name, message: "result \(index) \(b.shape) \(message)")
      }
    }
    return nil
  }

  private func difference(_ found: [Float], _ expected: [Float], _ rounding: Rounding) -> String? {
    let tolerance = kind.tolerance(rounding)
    let error = relativeError(found, expected)
    guard error <= tolerance else { return "differs by \(error), allowed \(tolerance)" }
    // The norm of a large result hides a wrong element in a tail; its distance to the root mean square does not.
    let meanSquare = expected.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(expected.count, 1))
    // Backends may flush denormals to zero.
    let limit = max(6 * tolerance * meanSquare.squareRoot(), Double(Float.leastNormalMagnitude))
    for (index, (a, b)) in zip(found, expected).enumerated() where a != b && !(abs(Double(a) - Double(b)) <= limit) {
      return "element \(index) is \(a), expected \(b) within \(limit)"
    }
    return nil
  }
}

/// Every case of the table in which `backend` does not agree with the reference.
package func agreement(
  of backend: any Backend, _ rounding: OperationCase.Rounding, cases: [OperationCase] = OperationCase.all
) -> [Disagreement] {
  cases.compactMap { $0.disagreement(of: backend, rounding) }
}
