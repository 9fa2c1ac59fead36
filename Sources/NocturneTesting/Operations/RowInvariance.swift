package import NocturneTensor

/// An operation over sixteen independent rows, each of which must come out with the same bits alone, among some, and
/// among all.
package struct RowInvarianceCase: Sendable, CustomStringConvertible {
  /// Takes the rows under test of a tensor with sixteen of them.
  package typealias Pick = (Tensor) -> Tensor

  static let rows = 16

  package let name: String
  private let body: @Sendable (CaseInputs, Pick) -> Tensor

  package init(_ name: String, _ body: @escaping @Sendable (CaseInputs, Pick) -> Tensor) {
    self.name = name
    self.body = body
  }

  package var description: String { name }

  /// nil where every row has the same bits in every company.
  package func disagreement(of backend: any Backend) -> Disagreement? {
    let whole = results(0..<Self.rows, on: backend)
    let companies = (0..<Self.rows).map { $0..<$0 + 1 } + [0..<2, 3..<8, 7..<16, 0..<15]
    for company in companies {
      let part = results(company, on: backend)
      for row in company where part[row - company.lowerBound] != whole[row] {
        return Disagreement(
          name: name, message: "row \(row) differs between rows \(company) and all, on \(backend.numericClass)")
      }
    }
    return nil
  }

  /// The bits of each row of the result.
  private func results(_ rows: Range<Int>, on backend: any Backend) -> [[UInt32]] {
    let result = body(CaseInputs(name: name, backend: backend)) { $0.rows(rows) }
    precondition(result.shape[0] == rows.count, "\(name): \(rows.count) rows became \(result.shape)")
    return (0..<rows.count).map { result.rows($0..<$0 + 1).values.map(\.bitPattern) }
  }
}

/// Every case in which a row of `backend` depends on its company.
package func rowInvariance(of backend: any Backend, cases: [RowInvarianceCase] = RowInvarianceCase.all)
  -> [Disagreement]
{
  cases.compactMap { $0.disagreement(of: backend) }
}
