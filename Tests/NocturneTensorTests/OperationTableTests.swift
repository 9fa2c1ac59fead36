import NocturneTensor
import NocturneTesting
import Testing

@Suite struct OperationTableTests {
  @Test func namesAreUnique() {
    let names = OperationCase.all.map(\.name) + RowInvarianceCase.all.map(\.name)
    #expect(Dictionary(grouping: names) { $0 }.filter { $0.value.count > 1 }.keys.sorted() == [])
  }

  /// The table itself runs, its inputs are the same every time, and its references hold numbers.
  @Test func theReferenceAgreesWithItself() {
    #expect(agreement(of: ReferenceBackend(), .init()).map(\.description) == [])
    for entry in OperationCase.all {
      for result in entry.results(on: ReferenceBackend()) {
        #expect(result.values.allSatisfy { $0.isFinite }, "\(entry.name)")
      }
    }
  }

  @Test func rowsOfTheReferenceDoNotDependOnTheirCompany() {
    #expect(rowInvariance(of: ReferenceBackend()).map(\.description) == [])
  }

  /// What a result looks like on the backend under test, and whether the table may let it pass.
  @Test(arguments: [
    ("equal", 0, false, true), ("last element off by one", 1, false, false),
    ("last element off by one", 1, true, false),
    ("last element off by a hundredth", 0.01, true, true), ("last element off by a hundredth", 0.01, false, false),
    ("NaN", Float.nan, true, false), ("infinite", .infinity, true, false),
  ])
  func aWrongElementInALargeResultIsFound(name: String, error: Float, bf16: Bool, passes: Bool) {
    let tested = ReferenceBackend()
    let planted = OperationCase("planted: \(name)", .product) { x in
      var values = x.normal([100_001]).values
      if x.backend === tested { values[100_000] += error }
      return [Tensor(values, shape: [100_001], on: x.backend)]
    }
    #expect((planted.disagreement(of: tested, .init(bf16: bf16)) == nil) == passes)
  }

  @Test func anotherShapeOrNumberOfResultsIsFound() {
    let tested = ReferenceBackend()
    let shape = OperationCase("planted", .exact) { x in [x.normal(x.backend === tested ? [2, 3] : [3, 2])] }
    let number = OperationCase("planted", .exact) { x in x.backend === tested ? [] : [x.normal([2])] }
    #expect(
      shape.disagreement(of: tested, .init(bf16: true))?.message.contains("shape [2, 3], expected [3, 2]") == true)
    #expect(number.disagreement(of: tested, .init(bf16: true)) != nil)
  }

  @Test func aRowThatDependsOnItsCompanyIsFound() {
    let planted = RowInvarianceCase("planted") { x, pick in
      let rows = pick(x.normal([16, 3]))
      return rows.shape[0] == 5 ? rows + Float(1e-6) : rows
    }
    #expect(planted.disagreement(of: ReferenceBackend())?.message.contains("rows 3..<8") == true)
  }
}
