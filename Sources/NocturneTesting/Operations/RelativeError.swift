/// Norm of the difference over norm of the expected; infinite where the counts differ or the difference is not finite.
package func relativeError(_ found: [Float], _ expected: [Float]) -> Double {
  guard found.count == expected.count else { return .infinity }
  var (difference, norm) = (0.0, 0.0)
  for (a, b) in zip(found, expected) where a != b {
    difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
  }
  for b in expected { norm += Double(b) * Double(b) }
  if difference == 0 { return 0 }
  let error = (difference / max(norm, 1e-30)).squareRoot()
  return error.isNaN ? .infinity : error
}
