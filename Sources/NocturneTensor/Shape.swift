/// The extents of a tensor, outermost first; every tensor is dense and row-major.
package struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  package let extents: [Int]

  package init(_ extents: [Int]) {
    precondition(extents.allSatisfy { $0 >= 0 }, "Shape: negative extent in \(extents)")
    self.extents = extents
  }

  package init(arrayLiteral elements: Int...) { self.init(elements) }

  package var rank: Int { extents.count }

  /// Number of elements; 1 for a scalar.
  package var count: Int { extents.reduce(1, *) }

  /// The extent of an axis; negative axes count from the end (-1 is the innermost).
  package subscript(axis: Int) -> Int { extents[axis < 0 ? extents.count + axis : axis] }

  package var description: String { "[" + extents.map(String.init).joined(separator: ", ") + "]" }
}
