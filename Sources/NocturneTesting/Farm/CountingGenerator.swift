/// Gives 1, 2, 3, ...: a table test knows the tokens of its leases.
package struct CountingGenerator: RandomNumberGenerator, Sendable {
  private var count: UInt64 = 0

  package init() {}

  package mutating func next() -> UInt64 {
    count += 1
    return count
  }
}
